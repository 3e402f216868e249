internal import Secrets

/// A server's keys, kept fresh for everybody who checks a signature of it.
///
/// One request runs at a time, however many wait for it. Times are seconds of a clock that never steps.
package struct JWKSCache: Sendable {
    /// What somebody who needs the keys does next.
    package enum Answer: Sendable {
        case ready(JWKSet)
        /// wait: they are on their way
        case underway
        /// nobody asks yet: send this, and wait
        case send(EndpointRequest)
    }

    /// Seconds between two requests for the sake of keys that were not in the set.
    package static let pause: Int64 = 60

    private var asked: HTTPSURL?
    private var known: JWKSet?
    private var origin: HTTPSURL?
    private var foundAt: Int64 = 0
    private var freshUntil: Int64 = 0
    private var lackedAt: Int64?

    package init() {}

    /// - Parameter url: where the metadata say that the keys are.
    package mutating func ask(at url: HTTPSURL, now: Int64) -> Answer {
        if asked != nil { return .underway }
        if let known, origin == url, now < freshUntil { return .ready(known) }
        asked = url
        return .send(EndpointRequest(method: .get, url: url.text))
    }

    /// For all who wait. Keys that were found less than a day ago still serve when new ones cannot be had.
    /// - Parameter wall: seconds since the epoch.
    package mutating func receive(_ result: EndpointResult, now: Int64, wall: Int64) -> Result<JWKSet, ExchangeFailure> {
        guard let url = asked else {
            return known.map { .success($0) } ?? .failure(.configuration("an answer came that nobody had asked for"))
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

    /// A token was signed with a key that is not in the set. `true` if it is worth asking again: nobody did so in the last minute for
    /// that reason, or the answer is still on its way (JWKS-02).
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
