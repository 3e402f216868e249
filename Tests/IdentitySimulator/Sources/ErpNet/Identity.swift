package import Keys

/// One ERP.net instance: everything it knows and everything a test may change. It takes requests and the time, and
/// returns answers; it opens no socket and reads no clock.
package struct Identity: Sendable {
    /// The tenant database, as claims and pages name it.
    package let database: String
    private let defaults: Knobs
    /// Redirect URIs of every interactive application besides its own.
    private let redirectURIs: [String]

    package var applications: [TrustedApplication] = []
    package var people: [Person] = []
    package var keys: KeyRing
    package var knobs: Knobs
    /// Members of the metadata that a test has replaced; `nil` takes one away.
    package var metadataChanges: [String: JSON?] = [:]
    /// Claims of ID tokens that a test has bent.
    package var idTokenChanges: [String: IDTokenChange] = [:]
    package var faults = FaultQueue()
    package var sessions = Sessions()
    package var codes = Codes()
    package var grants = Grants()
    package var devices = Devices()
    package var references = ReferenceTokens()
    package var licences = LicencePool()
    package var issued = IssuedSecrets()
    package var counters = Counters()
    package var audit = AuditLog()
    package var clock = SimulatedClock()

    /// - Parameters:
    ///   - signing: the key of the first access tokens.
    ///   - accessTTL: seconds that an access token lives until a knob says otherwise.
    ///   - redirectURIs: what every interactive application accepts besides its own.
    package init(database: String, signing: RSAKey, accessTTL: Int, redirectURIs: [String] = []) {
        var knobs = Knobs()
        knobs.accessTTL = accessTTL
        self.database = database
        self.knobs = knobs
        self.redirectURIs = redirectURIs
        defaults = knobs
        keys = KeyRing(signing: signing)
        registerDemo()
    }

    /// Back to the state of a new instance with the same first key.
    package mutating func reset() {
        let fresh = audit.nextEntry
        (knobs, metadataChanges, faults) = (defaults, [:], FaultQueue(after: faults))
        (references, licences, counters, issued) = (ReferenceTokens(), LicencePool(), Counters(), IssuedSecrets())
        (sessions, codes, devices) = (Sessions(), Codes(), Devices())
        (grants, idTokenChanges) = (Grants(after: grants), [:])
        (audit, clock) = (AuditLog(from: fresh), SimulatedClock())
        keys.reset()
        registerDemo()
    }

    package mutating func resetKnobs() { knobs = defaults }

    package func application(_ id: String) -> TrustedApplication? {
        applications.first { $0.applicationUri == id }
    }

    private mutating func registerDemo() {
        applications = DemoClient.all.map { $0.application(adding: redirectURIs) }
        people = Person.demo
    }
}
