internal import Secrets

/// The cached keys of one server.
///
/// At most one request runs at a time, and all callers share its result. Times are in seconds of a clock that never steps.
package struct JWKSCache: Sendable {
    /// What a caller that needs the keys does next.
    package enum Answer: Sendable {
        case ready(JWKSet)
        /// wait: a request is running
        case underway
        /// send this request and wait
        case send(EndpointRequest)
    }

    /// The minimum time in seconds between two requests because of an unknown key.
    package static let pause: Int64 = 60

    private var asked: HTTPSURL?
    private var known: JWKSet?
    private var origin: HTTPSURL?
    private var foundAt: Int64 = 0
    private var freshUntil: Int64 = 0
    private var lackedAt: Int64?

    package init() {}

    /// - Parameter url: the `jwks_uri` of the metadata.
    package mutating func ask(at url: HTTPSURL, now: Int64) -> Answer {
        if asked != nil { return .underway }
        if let known, origin == url, now < freshUntil { return .ready(known) }
        asked = url
        return .send(EndpointRequest(method: .get, url: url.text))
    }

    /// The result for all waiting callers. If the request failed, keys that are less than a day old stay in use.
    /// - Parameter wall: seconds since the epoch.
    package mutating func receive(_ result: EndpointResult, now: Int64, wall: Int64) -> Result<JWKSet, ExchangeFailure> {
        guard let url = asked else {
            return known.map { .success($0) } ?? .failure(.configuration("an unexpected answer came: no request for keys is running"))
        }
        asked = nil
        do throws(ExchangeFailure) {
            let keys = try Self.keys(in: MetadataResponse(result, to: url.text, about: .keys, now: wall), at: url)
            (known, origin, foundAt) = (keys, url, now)
            freshUntil = now + Int64(min(result.freshness, Discovery.longestFreshness))
            return .success(keys)
        } catch {
            guard let known, origin == url, now < foundAt + Int64(Discovery.longestFreshness) else { return .failure(error) }
            freshUntil = now + Int64(MetadataCache.pause)
            return .success(known)
        }
    }

    /// A token has a key id that is not in the set. Returns `true` if the keys should be fetched again: no such request was made in the last minute,
    /// or one is still running (JWKS-02).
    package mutating func invalidate(now: Int64) -> Bool {
        if asked != nil { return true }
        if let lackedAt, now < lackedAt + Self.pause { return false }
        lackedAt = now
        freshUntil = now
        return true
    }

    private static func keys(in answer: MetadataResponse, at url: HTTPSURL) throws(ExchangeFailure) -> JWKSet {
        guard let keys = JWKSet(try answer.document()) else {
            throw ExchangeFailure(law: .answered(retryAfter: nil), reach: .credential, status: 200, text: "what '\(url)' answered has no keys")
        }
        return keys
    }
}
