package import Keys

/// The state of one ERP.net instance, including all settings of tests. It takes requests and the time, and returns responses. It opens no socket and
/// reads no clock.
package struct Identity: Sendable {
    /// The tenant database, as in claims and pages.
    package let database: String
    private let defaults: Knobs
    /// Additional redirect URIs of every interactive application.
    private let redirectURIs: [String]

    package var applications: [TrustedApplication] = []
    package var people: [Person] = []
    package var keys: KeyRing
    package var knobs: Knobs
    /// Metadata members that a test has replaced; `nil` removes a member.
    package var metadataChanges: [String: JSON?] = [:]
    /// ID token claims that a test has changed.
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
    ///   - signing: the first signing key.
    ///   - accessTTL: the lifetime of access tokens in seconds, until a knob changes it.
    ///   - redirectURIs: additional redirect URIs of every interactive application.
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

    /// Resets to the state of a new instance with the same first key.
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
