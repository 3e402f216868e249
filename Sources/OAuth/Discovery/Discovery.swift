internal import Codecs

/// The next step of a discovery.
package enum DiscoveryStep: Sendable {
    case send(EndpointRequest)
    /// The metadata, and the seconds for which they are fresh. After that they should be fetched again, and stay in use until then (DISC-14).
    case found(ServerMetadata, freshFor: Int)
    /// `unsent`, `answered`, `silent` or `configuration`. A request for metadata consumes nothing, so nothing can be lost.
    case failed(ExchangeFailure)
}

/// Discovers the endpoints of a server with one request after another, until it has metadata with the expected issuer.
///
/// For an ERP.net instance the first request finds its Identity site. Then the metadata of the issuer are fetched from the location of OpenID Connect
/// and, if there are none, from that of RFC 8414. A pinned endpoint replaces that of the metadata.
package struct Discovery: Sendable {
    /// In seconds: the maximum and the minimum time for which metadata are fresh, and the default if the response has no `Cache-Control`.
    package static let longestFreshness = 86_400
    package static let shortestFreshness = 60
    package static let assumedFreshness = 3600

    private enum Stage {
        case site(SiteDiscovery)
        case metadata(MetadataLocation, of: HTTPSURL)
        case ended
    }

    private let settings: ServerSettings
    private var stage = Stage.ended
    private var asked = ""
    private var freshness = Discovery.longestFreshness
    /// Why the first location has no metadata. Reported if the second has none either.
    private var absence: ExchangeFailure?

    package init(_ settings: ServerSettings) {
        self.settings = settings
    }

    package mutating func begin() -> DiscoveryStep {
        stepping { discovery throws(ExchangeFailure) in
            switch discovery.settings.location {
            case .issuer(let issuer): try discovery.askMetadata(of: issuer)
            case .erpnet(let root, let issuer): try discovery.askSite(SiteDiscovery(root: root, issuer: issuer))
            }
        }
    }

    /// - Parameter now: the wall clock in seconds, for a `Retry-After` that is a date.
    package mutating func receive(_ result: EndpointResult, now: Int64) -> DiscoveryStep {
        stepping { discovery throws(ExchangeFailure) in
            switch discovery.stage {
            case .site(let site): try discovery.readSite(site, result, now)
            case .metadata(let place, let issuer): try discovery.readMetadata(place, issuer, result, now)
            case .ended: throw .configuration("an unexpected answer came: no discovery is running")
            }
        }
    }

    private mutating func stepping(_ body: (inout Discovery) throws(ExchangeFailure) -> DiscoveryStep) -> DiscoveryStep {
        do throws(ExchangeFailure) {
            return try body(&self)
        } catch {
            stage = .ended
            return .failed(error)
        }
    }

    private mutating func ask(_ url: String, then stage: Stage) -> DiscoveryStep {
        self.stage = stage
        asked = url
        return .send(EndpointRequest(method: .get, url: url))
    }

    // MARK: the ERP.net instance

    private mutating func askSite(_ site: SiteDiscovery) throws(ExchangeFailure) -> DiscoveryStep {
        ask(try site.url(), then: .site(site))
    }

    private mutating func readSite(_ site: SiteDiscovery, _ result: EndpointResult, _ now: Int64) throws(ExchangeFailure) -> DiscoveryStep {
        let answer = MetadataResponse(result, to: asked, about: .sites, now: now)
        if case .absent = answer, let next = site.next { return try askSite(next) }
        let document = try answer.document()
        note(result)
        return try askMetadata(of: site.identity(in: document))
    }

    // MARK: the issuer

    private mutating func askMetadata(of issuer: String) throws(ExchangeFailure) -> DiscoveryStep {
        let url = try HTTPSURL.configured(issuer, as: "issuer")
        return ask(MetadataLocation.openID.url(of: url), then: .metadata(.openID, of: url))
    }

    private mutating func readMetadata(
        _ place: MetadataLocation, _ issuer: HTTPSURL, _ result: EndpointResult, _ now: Int64
    ) throws(ExchangeFailure) -> DiscoveryStep {
        let answer = MetadataResponse(result, to: asked, now: now)
        if case .absent(let failure) = answer {
            guard place == .openID else { throw absence ?? failure }
            absence = failure
            return ask(MetadataLocation.oauth.url(of: issuer), then: .metadata(.oauth, of: issuer))
        }
        let document = try answer.document()
        note(result)
        stage = .ended
        var metadata = try metadata(document, issuer)
        metadata.source = asked
        metadata.clockAhead = result.clockAhead(of: now)
        return .found(metadata, freshFor: freshness)
    }

    /// A document with another issuer is rejected as a whole (DISC-04). An issuer that was found by auto-discovery, and not configured, may differ
    /// from that of the metadata by a trailing slash. The issuer of the metadata is then used.
    private func metadata(_ document: JSONObject, _ issuer: HTTPSURL) throws(ExchangeFailure) -> ServerMetadata {
        guard let named = document.text("issuer") else {
            throw .configuration("the metadata at '\(asked)' name no issuer, so nothing of them is used; check the configured issuer '\(issuer.text)'")
        }
        let isWritten = settings.location.issuer != nil
        guard named.isExactly(issuer.text) || !isWritten && named.withoutFinalSlash.isExactly(issuer.text.withoutFinalSlash) else {
            throw .configuration(otherIssuer(named, issuer))
        }
        var metadata = ServerMetadata(issuer: named, pinned: settings.endpoints)
        metadata.add(document, from: issuer)
        return metadata
    }

    /// Says what to configure instead. A host that the administrator did not name is suggested only with a condition.
    private func otherIssuer(_ named: String, _ issuer: HTTPSURL) -> String {
        let what = "the metadata at '\(asked)' name the issuer '\(named.shown())', not '\(issuer.text)'"
        if named.contains("{") {
            return "\(what): they are for all tenants; write the issuer of your own, with its id in place of the braces (at Entra the directory (tenant) id)"
        }
        guard let url = try? HTTPSURL(named) else { return "\(what); check the configured issuer, which must be the same to the letter" }
        let value = "write issuer = \"\(named)\""
        return url.isOnSameHost(as: issuer) ? "\(what); \(value)" : "\(what); if that server is meant, \(value)"
    }

    private mutating func note(_ result: EndpointResult) {
        guard case .response = result else { return }
        freshness = min(freshness, result.freshness)
    }
}

extension EndpointResult {
    /// The freshness lifetime in seconds (RFC 9111).
    var freshness: Int {
        guard case .response(let response) = self else { return 0 }
        return max(response.maxAge ?? Discovery.assumedFreshness, Discovery.shortestFreshness)
    }
}

extension EndpointResult {
    /// Seconds by which the server's clock is ahead, by the `Date` header, which TLS authenticates.
    fileprivate func clockAhead(of now: Int64) -> Int64? {
        guard case .response(let response) = self, let date = response.date else { return nil }
        return HTTPDate.seconds(of: date.trimmed, now: now).map { $0 - now }
    }
}

extension ServerLocation {
    /// The configured issuer.
    package var issuer: String? {
        switch self {
        case .issuer(let issuer): issuer
        case .erpnet(_, let issuer): issuer
        }
    }
}

extension HTTPSURL {
    /// Parses a URL of the configuration. Reading the configuration has applied the same check.
    static func configured(_ text: String, as key: String) throws(ExchangeFailure) -> HTTPSURL {
        do throws(Problem) {
            return try HTTPSURL(text)
        } catch {
            throw .configuration("'\(text.shown())' for '\(key)' \(error)")
        }
    }
}
