import Secrets
import Testing
import TokenWire
@testable import TokenLedger

@Suite struct KeptTokenTests {
    private static func token(
        _ consumer: Consumer, scopes: [String] = ["read", "update"], audience: String? = nil, granted: [String]? = nil, header: HeaderForm = .authorization,
        isAssumed: Bool = false, isAsked: Bool = true
    ) -> KeptToken {
        KeptToken(
            key: CacheKey(token: Scene.sync, consumer: consumer, scopes: scopes, audience: audience),
            held: HeldToken(
                token: Secret("an-access-token"), id: Fingerprint(bits: 7), scopes: granted ?? scopes, header: header, since: 1_000, until: 2_000,
                ends: 2_500, expires: .at(1_790_000_000), isAssumed: isAssumed, isReference: false),
            terms: Fingerprint(bits: 11), grant: 3, isAsked: isAsked, lastAsked: 1_500)
    }

    private static let examples = [
        token(.uid(1000)), token(.unit("erp-sync.service"), audience: "https://api.test"), token(.shared, granted: ["read"], isAsked: false),
        token(.probe, scopes: [], granted: []), token(.shared, granted: [], header: .apiKey, isAssumed: true),
    ]

    @Test(arguments: examples) func `what becomes bytes comes back as it was`(_ token: KeptToken) throws {
        let back = try KeptToken(bytes: token.bytes())
        #expect(back.key == token.key)
        #expect(back.held.token == token.held.token)
        #expect((back.held.id, back.held.scopes, back.held.header) == (token.held.id, token.held.scopes, token.held.header))
        #expect((back.held.since, back.held.until, back.held.ends, back.held.expires) == (1_000, 2_000, 2_500, .at(1_790_000_000)))
        #expect(back.held.isAssumed == token.held.isAssumed)
        #expect(!back.held.isReference)
        #expect((back.terms, back.grant, back.isAsked, back.lastAsked) == (token.terms, 3, token.isAsked, 1_500))
    }

    @Test func `bytes that end too early are no token, wherever they were cut`() throws {
        let whole = try Self.examples[1].bytes()
        let length = whole.count - Self.examples[1].held.token.count
        // the token itself is the rest, so that only what stands before it can be missing
        for end in 0...length { #expect(throws: RecordDamage.self) { try KeptToken(bytes: whole[0..<end]) } }
    }

    @Test(arguments: [(0, 2), (1, 32), (2, 0), (2, 5)]) func `what a later version may mean is not guessed`(_ place: Int, _ value: UInt8) throws {
        var bytes = try Self.examples[0].bytes().withBytes { Array($0) }
        bytes[place] = value
        #expect(throws: RecordDamage.self) { try KeptToken(bytes: bytes.withUnsafeBytes { Secret(copying: $0) }) }
    }

    @Test func `a token that is too long is not kept`() throws {
        let scopes = (0..<4_000).map { "scope-number-\($0)" }
        #expect(throws: RecordDamage.tooLong) { try Self.token(.shared, scopes: scopes).bytes() }
    }

    @Test func `a reference token is not kept: it has a place already`() throws {
        var token = Self.examples[0]
        token.held = HeldToken(
            reference: Secret("enrt_0123456789"), id: Fingerprint(bits: 1), scopes: [], header: .apiKey, expires: .never, at: Moment(boot: 0, wall: 0))
        #expect(throws: RecordDamage.self) { try token.bytes() }
    }
}
