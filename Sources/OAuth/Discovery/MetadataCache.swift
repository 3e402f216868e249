/// What is known of one authorization server, kept fresh for everybody who exchanges tokens there.
///
/// One discovery runs at a time, however many wait for it. Metadata that are no longer fresh still serve when a new
/// discovery fails (DISC-14), and so do pinned endpoints where there never were any. Times are seconds of a clock that never steps.
package struct MetadataCache: Sendable {
    /// What somebody who needs metadata does next.
    package enum Answer: Sendable {
        case ready(ServerMetadata)
        /// wait: a discovery is on its way
        case underway
        /// nobody asks yet: send this, and wait
        case send(EndpointRequest)
        case failed(ExchangeFailure)
    }

    /// How a discovery that is on its way goes on.
    package enum Progress: Sendable {
        case send(EndpointRequest)
        /// for all who wait
        case settled(Result<ServerMetadata, ExchangeFailure>)
    }

    /// Seconds for which old metadata serve on after a failed discovery, before the next one.
    package static let pause = 300

    private let settings: ServerSettings
    private var discovery: Discovery?
    private var known: ServerMetadata?
    /// When the last discovery ended, and whether it brought `known`.
    private var endedAt: Int64 = 0
    private var isCurrent = false
    private var freshUntil: Int64 = 0

    package init(_ settings: ServerSettings) {
        self.settings = settings
    }

    /// Whether there are some to go on with when a discovery fails.
    package var hasMetadata: Bool { known != nil }

    /// - Parameter needed: the endpoints that it is about; empty where all of the metadata are. Where they are all pinned nobody waits for a discovery.
    package mutating func ask(needing needed: [ServerMetadata.Endpoint] = [], at now: Int64) -> Answer {
        if let known, now < freshUntil, !(isCurrent && known.lacks(needed) && isWorthAsking(at: now)) { return .ready(known) }
        if isPinned(needed) { return .ready(known ?? pinned(instead: .undiscovered)) }
        if discovery != nil { return .underway }
        var discovery = Discovery(settings)
        let step = discovery.begin()
        self.discovery = discovery
        return switch settle(step, at: now) {
        case .send(let request): .send(request)
        case .settled(.success(let metadata)): .ready(metadata)
        case .settled(.failure(let failure)): .failed(failure)
        }
    }

    /// - Parameter wall: seconds since the epoch.
    package mutating func receive(_ result: EndpointResult, at now: Int64, wall: Int64) -> Progress {
        guard let step = discovery?.receive(result, now: wall) else {
            return .settled(known.map { .success($0) } ?? .failure(.configuration("an answer came that no discovery had asked for")))
        }
        return settle(step, at: now)
    }

    /// An endpoint was not where the metadata say. `true` if it is worth asking for them again: they were asked for more than a minute
    /// ago. What is pinned is never doubted.
    package mutating func invalidate(at now: Int64) -> Bool {
        guard settings.endpoints.token == nil else { return false }
        guard discovery == nil else { return true }
        guard isWorthAsking(at: now) else { return false }
        freshUntil = 0
        return true
    }

    /// Whoever mended what the server says of itself need not wait until that is no longer fresh.
    private func isWorthAsking(at now: Int64) -> Bool { now >= endedAt + Int64(Discovery.shortestFreshness) }

    /// Uses nothing any more that was found before now.
    package mutating func forget() {
        known = nil
        freshUntil = 0
    }

    /// Whether the pinned endpoints are all that is needed. An ID token is held against the issuer, which auto-discovery may have to find first.
    private func isPinned(_ needed: [ServerMetadata.Endpoint]) -> Bool {
        guard !needed.isEmpty, needed.allSatisfy({ settings.endpoints[$0] != nil }) else { return false }
        return !needed.contains(.keys) || (known?.issuer ?? settings.location.issuer) != nil
    }

    private func pinned(instead failure: ExchangeFailure) -> ServerMetadata {
        ServerMetadata(issuer: settings.location.issuer, pinned: settings.endpoints, absence: failure)
    }

    private mutating func settle(_ step: DiscoveryStep, at now: Int64) -> Progress {
        switch step {
        case .send(let request):
            return .send(request)
        case .found(let metadata, let freshFor):
            (known, endedAt, isCurrent, freshUntil) = (metadata, now, true, now + Int64(freshFor))
            discovery = nil
            return .settled(.success(metadata))
        case .failed(let failure):
            (discovery, endedAt, isCurrent) = (nil, now, false)
            // without a token endpoint there is nothing to go on with, and without an issuer no ID token can be checked
            if known == nil, settings.endpoints.token != nil, settings.location.issuer != nil { known = pinned(instead: failure) }
            guard let known else { return .settled(.failure(failure)) }
            freshUntil = now + Int64(Self.pause)
            return .settled(.success(known))
        }
    }
}

extension ExchangeFailure {
    /// Never told: who needs an endpoint that is not pinned waits for the metadata.
    fileprivate static let undiscovered = ExchangeFailure(law: .unsent, reach: .credential, text: "the metadata have not been asked for")
}
