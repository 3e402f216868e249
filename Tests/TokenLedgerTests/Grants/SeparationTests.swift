import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// A service and a person at the same server, with the same client, for the same caller.
@Suite struct SeparationTests {
    private static let job = TokenName("portal.job")!

    /// Signed in, with a token of the service beside it that has the same scopes.
    private func scene(isSignedIn: Bool) -> GrantScene {
        var scene = isSignedIn ? GrantScene.signedIn() : GrantScene()
        var configuration = GrantScene.configuration()
        configuration.tokens[GrantScene.user]?.scopes = ["read"]
        configuration.tokens[Self.job] = TokenSettings(
            name: Self.job, grant: .clientCredentials, scopes: ["read"], shared: true,
            allow: [AllowEntry(who: PeerPattern(user: NamedID(name: "alice", id: 1000)), place: "portal.toml:40")])
        scene.run { $0.adopt(configuration, at: $1).turn }
        return scene
    }

    @Test func `CC-08 without a person nobody gets a person's token, however many the service has`() throws {
        var scene = scene(isSignedIn: false)
        let service = try scene.get(name: Self.job)
        scene.grant("service-1")
        #expect(scene.token(service)?.token == Secret("service-1"))
        let person = try scene.get()
        #expect(scene.refusal(person)?.code == .loginRequired)
        #expect(scene.plans.count == 1)
    }

    @Test func `CC-08 each gets its own, by its own grant`() throws {
        var scene = scene(isSignedIn: true)
        let person = try scene.get()
        guard case .refresh? = scene.plans.last?.grant else { return #expect(Bool(false), "no refresh") }
        scene.grant("person-1", refresh: "refresh-2", scopes: ["read"])
        let service = try scene.get(name: Self.job)
        guard case .clientCredentials? = scene.plans.last?.grant else { return #expect(Bool(false), "no client credentials") }
        scene.grant("service-1")
        #expect(scene.token(person)?.token == Secret("person-1"))
        #expect(scene.token(service)?.token == Secret("service-1"))
        let (again, other) = try (scene.get(), scene.get(name: Self.job))
        #expect(scene.token(again)?.token == Secret("person-1"))
        #expect(scene.token(other)?.token == Secret("service-1"))
    }

    @Test func `CC-08 when the service has no token, a person's does not stand in for it`() throws {
        var scene = scene(isSignedIn: true)
        try scene.get()
        scene.grant("person-1", refresh: "refresh-2", scopes: ["read"])
        let service = try scene.get(wait: 0, name: Self.job)
        scene.answer(.failure(Scene.wrongSecret))
        #expect(scene.token(service) == nil)
    }

    @Test func `STAT-02 CC-08 a reference token says in which header it goes, and the others in theirs`() throws {
        var scene = scene(isSignedIn: true)
        let pat = try #require(scene.ledger.configuration.tokens[GrantScene.pat])
        _ = scene.request { $0.importToken(pat, Secret("enrt_0123456789"), expires: nil, for: GrantScene.alice, waiter: $1, at: $2) }
        let reference = try scene.get(name: GrantScene.pat)
        let person = try scene.get()
        scene.grant("person-1", refresh: "refresh-2", scopes: ["read"])
        let openings = try [reference, person].map { "\(try #require(scene.token($0)).served.header.opening)" }
        #expect(openings == ["X-Api-Key: ", "Authorization: Bearer "])
    }
}
