/// The cached metadata of one authorization server.
///
/// At most one discovery runs at a time, and all callers share its result. If a new discovery fails, stale metadata stay in use (DISC-14); without
/// any metadata the pinned endpoints are used. Times are in seconds of a clock that never steps.
package struct MetadataCache: Sendable {
    /// What a caller that needs metadata does next.
    package enum Answer: Sendable {
        case ready(ServerMetadata)
        /// wait: a discovery is running
        case underway
        /// send this request and wait
        case send(EndpointRequest)
        case failed(ExchangeFailure)
    }

    /// The next step of a running discovery.
    package enum Progress: Sendable {
        case send(EndpointRequest)
        /// for all waiting callers
        case settled(Result<ServerMetadata, ExchangeFailure>)
    }

    /// Seconds for which stale metadata are used after a failed discovery, before the next one.
    package static let pause = 300

    private let settings: ServerSettings
    private var discovery: Discovery?
    private var known: ServerMetadata?
    /// When the last discovery ended, and whether it produced `known`.
    private var endedAt: Int64 = 0
    private var isCurrent = false
    private var freshUntil: Int64 = 0

    package init(_ settings: ServerSettings) {
        self.settings = settings
    }

    /// Whether there are metadata to use if a discovery fails.
    package var hasMetadata: Bool { known != nil }

    /// - Parameter needed: the endpoints that the caller needs; empty for all metadata. If all of them are pinned, the caller does not wait for a
    ///   discovery.
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
            return .settled(known.map { .success($0) } ?? .failure(.configuration("an unexpected answer came: no discovery is running")))
        }
        return settle(step, at: now)
    }

    /// An endpoint was not at the URL in the metadata. Returns `true` if the metadata should be fetched again: the last request was more than a
    /// minute ago. Pinned endpoints stay valid.
    package mutating func invalidate(at now: Int64) -> Bool {
        guard settings.endpoints.token == nil else { return false }
        guard discovery == nil else { return true }
        guard isWorthAsking(at: now) else { return false }
        freshUntil = 0
        return true
    }

    /// Limits the rate of discoveries, so that corrected metadata take effect after a minute rather than after their freshness lifetime.
    private func isWorthAsking(at now: Int64) -> Bool { now >= endedAt + Int64(Discovery.shortestFreshness) }

    /// Discards the metadata.
    package mutating func forget() {
        known = nil
        freshUntil = 0
    }

    /// Whether the pinned endpoints suffice. An ID token is compared with the issuer, which auto-discovery may have to find first.
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
            // the pinned endpoints are usable only with a token endpoint, and with an issuer to check ID tokens against
            if known == nil, settings.endpoints.token != nil, settings.location.issuer != nil { known = pinned(instead: failure) }
            guard let known else { return .settled(.failure(failure)) }
            freshUntil = now + Int64(Self.pause)
            return .settled(.success(known))
        }
    }
}

extension ExchangeFailure {
    /// Never shown: a caller that needs an endpoint that is not pinned waits for the metadata.
    fileprivate static let undiscovered = ExchangeFailure(law: .unsent, reach: .credential, text: "the metadata have not been asked for")
}
