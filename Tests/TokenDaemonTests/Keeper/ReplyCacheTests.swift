import Secrets
import Testing
@testable import TokenAudit
@testable import TokenLedger
import TokenWire

@testable import TokenDaemon

@Suite struct ReplyCacheTests {
    private static let caller = Caller(uid: 1000, gid: 1000, pid: 1)
    private let ready: Ready

    init() throws { ready = try #require(try SessionHouse().handedToken()) }

    private func reply(_ line: String, of token: String = "app.t0", until: Int64 = .max) -> CachedReply {
        let key = CacheKey(token: TokenName(token)!, consumer: .shared, scopes: [], audience: nil)
        let ready = Ready(held: ready.held, until: until, key: key)
        return Array(line.utf8).withUnsafeBytes { CachedReply($0, .token, ready, for: Self.caller, slot: AuditSlot(place: 0, generation: 0)) }
    }

    private func found(_ cache: ReplyCache, _ line: String, by caller: Caller = caller) -> CachedReply? {
        Array(line.utf8).withUnsafeBytes { cache.find($0, from: caller) }
    }

    private func outdated(_ tokens: String...) -> OutdatedReplies {
        OutdatedReplies(keys: Set(tokens.map { CacheKey(token: TokenName($0)!, consumer: .shared, scopes: [], audience: nil) }))
    }

    @Test func `a reply is found by its whole line and its caller`() {
        var cache = ReplyCache()
        let one = reply("GET a.b")
        cache.keep(one, at: 0)
        #expect(found(cache, "GET a.b") === one)
        #expect(found(cache, "GET a.c") == nil && found(cache, "GET a.") == nil && found(cache, "") == nil)
        #expect(found(cache, "GET a.b", by: Caller(uid: 1001, gid: 1000)) == nil)
        #expect(found(cache, "GET a.b", by: Caller(uid: 1000, gid: 1000, groups: [5])) == nil)
    }

    @Test func `a newer reply takes the place of the one before, and a long line has none`() {
        var cache = ReplyCache()
        let new = reply("GET a.b")
        cache.keep(reply("GET a.b"), at: 0)
        cache.keep(new, at: 0)
        #expect(found(cache, "GET a.b") === new)
        cache.drop(outdated("app.t0"))
        #expect(found(cache, "GET a.b") == nil)
        let long = "GET a.b " + String(repeating: "x", count: 121)
        cache.keep(reply(long), at: 0)
        #expect(found(cache, long) == nil)
    }

    @Test func `a thousand replies have room, and those of a token that has changed go, and all others stay`() {
        var cache = ReplyCache()
        for number in 0..<1_000 { cache.keep(reply("GET a.t\(number)", of: "app.t\(number / 10)"), at: 0) }
        func left(of token: Int) -> Int { (10 * token..<10 * token + 10).count { found(cache, "GET a.t\($0)") != nil } }
        // two places each: a few may have lost theirs to others when the table grew
        let before = (0..<100).map(left)
        #expect(before.reduce(0, +) > 900)
        cache.drop(outdated("app.t7"))
        #expect((0..<100).allSatisfy { left(of: $0) == ($0 == 7 ? 0 : before[$0]) })
        cache.drop(outdated("app.t8", "app.t9", "app.t10"))
        #expect((0..<100).allSatisfy { left(of: $0) == ((7...10).contains($0) ? 0 : before[$0]) })
        cache.drop(OutdatedReplies(isAll: true))
        #expect((0..<100).allSatisfy { left(of: $0) == 0 })
    }

    @Test func `a reply whose promise is over leaves its place to others`() {
        var cache = ReplyCache()
        cache.keep(reply("GET a.b", until: 5), at: 0)
        cache.keep(reply("GET a.c"), at: 0)
        cache.dropStale(at: 4)
        #expect(found(cache, "GET a.b") != nil)
        cache.dropStale(at: 5)
        #expect(found(cache, "GET a.b") == nil && found(cache, "GET a.c") != nil)
    }
}

extension SessionHouse {
    /// What is known of a token that was brought in.
    func handedToken() throws -> Ready? {
        let alice = RecordingAsker(Self.alice)
        _ = keeper.take(.importToken(name: "app.t0", token: Secret("the-token-that-was-brought"), expires: nil), 1, from: alice)
        try turn { alice.replies[1] != nil }
        guard case .success(let query) = keeper.policy.authorise(TokenQuery(name: "app.t0"), for: Self.alice) else { return nil }
        return keeper.put { $0.ready(query, at: keeper.now) }
    }
}
