import OAuth
import Secrets
import Testing

struct `A known server` {
    private let settings = ServerSettings(location: .issuer("https://idp.example"))

    private func document(_ path: String) -> EndpointResult {
        document(["token_endpoint": path])
    }

    /// Complete metadata with changes, and their freshness lifetime.
    private func document(_ change: [String: String?], maxAge: Int = 600) -> EndpointResult {
        var members = [
            "issuer": "", "token_endpoint": "/token", "authorization_endpoint": "/authorize", "jwks_uri": "/keys", "revocation_endpoint": "/revoke",
            "introspection_endpoint": "/introspect",
        ]
        for (name, path) in change where !name.hasSuffix("supported") { members[name] = path }
        var texts = members.map { #""\#($0)":"\#($1.hasPrefix("https:") ? $1 : "https://idp.example" + $1)""# }
        for (name, value) in change where name.hasSuffix("supported") { texts.append(#""\#(name)":["\#(value ?? "")"]"#) }
        return answer(200, "{" + texts.joined(separator: ",") + "}", cacheControl: "max-age=\(maxAge)")
    }

    private func token(_ metadata: ServerMetadata?) -> String? { try? metadata?.url(of: .token).path }

    private func ready(_ answer: MetadataCache.Answer) -> ServerMetadata? {
        guard case .ready(let metadata) = answer else { return nil }
        return metadata
    }

    private func isSend(_ answer: MetadataCache.Answer) -> Bool {
        guard case .send = answer else { return false }
        return true
    }

    private func isUnderway(_ answer: MetadataCache.Answer) -> Bool {
        guard case .underway = answer else { return false }
        return true
    }

    private func settled(_ progress: MetadataCache.Progress) -> Result<ServerMetadata, ExchangeFailure>? {
        guard case .settled(let result) = progress else { return nil }
        return result
    }

    /// A cache that got its metadata at second 0.
    private func found() -> MetadataCache {
        var server = MetadataCache(settings)
        _ = server.ask(at: 0)
        _ = server.receive(document("/token"), at: 0, wall: now)
        return server
    }

    @Test func `one discovery runs for all callers`() {
        var server = MetadataCache(settings)
        #expect(isSend(server.ask(at: 0)))
        for second in 0..<5 { #expect(isUnderway(server.ask(at: Int64(second)))) }
        #expect(token(settled(server.receive(document("/token"), at: 5, wall: now))?.value) == "/token")
        #expect(token(ready(server.ask(at: 6))) == "/token")
    }

    @Test func `a failure is reported to all callers, and the next one starts a new discovery`() {
        var server = MetadataCache(settings)
        _ = server.ask(at: 0)
        #expect(settled(server.receive(answer(503), at: 1, wall: now))?.failure?.status == 503)
        #expect(isSend(server.ask(at: 2)))
    }

    @Test func `DISC-14 metadata are used while they are fresh`() {
        var server = found()
        #expect(ready(server.ask(at: 599)) != nil)
        #expect(isSend(server.ask(at: 600)))
    }

    @Test(arguments: [answer(503), answer(404), answer(200, "{}"), fault(.unreachable, unsent: true), fault(.broken, unsent: false)])
    func `DISC-14 stale metadata stay in use if a discovery fails`(result: EndpointResult) throws {
        var server = found()
        #expect(isSend(server.ask(at: 700)))
        var progress = server.receive(result, at: 701, wall: now)
        if case .send = progress { progress = server.receive(result, at: 701, wall: now) }
        #expect(token(settled(progress)?.value) == "/token")
        #expect(ready(server.ask(at: 701 + Int64(MetadataCache.pause) - 1)) != nil)
        #expect(isSend(server.ask(at: 701 + Int64(MetadataCache.pause))))
    }

    @Test func `invalidate starts a new discovery, but not within a minute`() {
        var server = found()
        let doubts59 = server.invalidate(at: 59)
        #expect(!doubts59)
        #expect(ready(server.ask(at: 59)) != nil)
        let doubts60 = server.invalidate(at: 60)
        #expect(doubts60)
        #expect(isSend(server.ask(at: 60)))
        let isWorthWaiting = server.invalidate(at: 60)
        #expect(isWorthWaiting, "who doubts during a discovery may wait for it")
        #expect(token(settled(server.receive(document("/new"), at: 61, wall: now))?.value) == "/new")
        let doubts62 = server.invalidate(at: 62)
        #expect(!doubts62)
    }

    private var pinned: ServerSettings {
        var pinned = settings
        pinned.endpoints.token = "https://idp.example/pinned"
        return pinned
    }

    @Test func `callers do not wait for pinned endpoints, which cannot be invalidated`() throws {
        var server = MetadataCache(pinned)
        #expect(token(ready(server.ask(needing: [.token], at: 0))) == "/pinned")
        #expect(isSend(server.ask(needing: [.token, .keys], at: 0)))
        #expect(token(ready(server.ask(needing: [.token], at: 0))) == "/pinned", "not even while a discovery is under way")
        #expect(isUnderway(server.ask(at: 0)))
        let document = #"{"issuer":"https://idp.example","token_endpoint":"https://idp.example/token","jwks_uri":"https://idp.example/keys"}"#
        let found = try #require(settled(server.receive(answer(200, document), at: 1, wall: now))?.value)
        #expect(token(found) == "/pinned")
        #expect(try found.url(of: .keys).path == "/keys")
        let doubts1000 = server.invalidate(at: 1000)
        #expect(!doubts1000)
        let stale = try #require(ready(server.ask(needing: [.token], at: 1_000_000)))
        #expect(try stale.url(of: .keys).path == "/keys")
    }

    @Test func `an ID token waits for the issuer of auto-discovery, and nothing else does`() {
        var settings = ServerSettings(location: .erpnet(root: "https://orchid.my.erp.net", issuer: nil))
        (settings.endpoints.token, settings.endpoints.jwks) = ("https://idp.example/pinned", "https://idp.example/keys")
        var server = MetadataCache(settings)
        #expect(token(ready(server.ask(needing: [.token], at: 0))) == "/pinned")
        #expect(isSend(server.ask(needing: [.token, .keys], at: 0)))
        #expect(settled(server.receive(answer(503), at: 1, wall: now))?.failure?.status == 503)
        #expect(token(ready(server.ask(needing: [.token], at: 2))) == "/pinned")
        var written = settings
        written.location = .erpnet(root: "https://orchid.my.erp.net", issuer: "https://idp.example")
        server = MetadataCache(written)
        #expect(token(ready(server.ask(needing: [.token, .keys], at: 0))) == "/pinned")
    }

    @Test(arguments: [answer(503, retryAfter: "9"), answer(404), answer(200, "{}"), fault(.unreachable, unsent: true)])
    func `without metadata the pinned endpoints are used, and the others report why they are missing`(result: EndpointResult) throws {
        var server = MetadataCache(pinned)
        #expect(isSend(server.ask(at: 0)))
        var progress = server.receive(result, at: 1, wall: now)
        if case .send = progress { progress = server.receive(result, at: 1, wall: now) }
        let metadata = try #require(settled(progress)?.value)
        #expect(token(metadata) == "/pinned")
        #expect(metadata.issuer == "https://idp.example")
        let failure = #expect(throws: ExchangeFailure.self) { try metadata.url(of: .revocation) }
        #expect(failure?.text.contains("/.well-known/openid-configuration") == true)
        #expect(failure == metadata.absence)
        #expect(metadata.identityAlgorithms == SigningAlgorithm.allCases.map(\.rawValue))
        #expect(ready(server.ask(at: Int64(MetadataCache.pause))) != nil)
        #expect(isSend(server.ask(at: Int64(MetadataCache.pause) + 1)))
    }

    @Test func `forgotten metadata are not used again`() {
        var server = found()
        server.forget()
        #expect(isSend(server.ask(at: 1)))
        #expect(settled(server.receive(answer(503), at: 2, wall: now))?.failure != nil)
    }

    // MARK: incomplete metadata

    private static let wrong: [([String: String?], [ServerMetadata.Endpoint])] = [
        (["token_endpoint": nil], [.token]), (["token_endpoint": "https://elsewhere.example/token"], [.token]), (["jwks_uri": nil], [.token, .keys]),
        (["revocation_endpoint": nil], [.revocation]), (["introspection_endpoint": "https://elsewhere.example/look"], [.introspection]),
        (["authorization_endpoint": nil], []), (["token_endpoint": nil], []), (["jwks_uri": nil], []), (["code_challenge_methods_supported": "plain"], []),
        (["response_types_supported": "token"], []),
    ]

    @Test(arguments: wrong) func `metadata without a needed endpoint are fetched again after a minute, even if they are fresh`(
        change: [String: String?], needed: [ServerMetadata.Endpoint]
    ) {
        var server = MetadataCache(settings)
        _ = server.ask(needing: needed, at: 0)
        #expect(settled(server.receive(document(change, maxAge: 86_400), at: 0, wall: now))?.failure == nil)
        #expect(ready(server.ask(needing: needed, at: 59)) != nil)
        // requests that need no missing endpoint continue
        if !change.keys.contains("token_endpoint") { #expect(ready(server.ask(needing: [.token], at: 60)) != nil) }
        #expect(isSend(server.ask(needing: needed, at: 60)))
        #expect(isUnderway(server.ask(needing: needed, at: 61)))
        // still incomplete: once a minute
        #expect(settled(server.receive(document(change, maxAge: 86_400), at: 62, wall: now))?.failure == nil)
        #expect(ready(server.ask(needing: needed, at: 121)) != nil)
        #expect(isSend(server.ask(needing: needed, at: 122)))
        // unreachable: the pause with stale metadata
        #expect(settled(server.receive(answer(503), at: 123, wall: now))?.failure == nil)
        #expect(ready(server.ask(needing: needed, at: 122 + Int64(MetadataCache.pause))) != nil)
        #expect(isSend(server.ask(needing: needed, at: 123 + Int64(MetadataCache.pause))))
        // corrected
        #expect(settled(server.receive(document([:], maxAge: 86_400), at: 500, wall: now))?.failure == nil)
        #expect(ready(server.ask(needing: needed, at: 86_000)) != nil)
    }
}
