import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// RT-14: what belongs to one server is never shown to another, whatever the configuration says later.
@Suite struct ForeignServerTests {
    private func moved(_ configuration: Configuration) -> Configuration {
        var next = configuration
        next.applications["portal"] = Scene.application("portal", issuer: "https://other.test")
        return next
    }

    private func revocations(_ scene: GrantScene) -> Int {
        scene.errands.count { if case .revoke = $0.errand { true } else { false } }
    }

    @Test func `RT-14 a refresh that ends after the issuer has changed keeps its successor and hands nothing out`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        let next = moved(scene.ledger.configuration)
        scene.run { $0.adopt(next, at: $1).turn }
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.stored() == "refresh-2")
        let waiter = try scene.get()
        #expect(scene.reason(waiter) == "issuer-changed")
        #expect(revocations(scene) == 0)
    }

    @Test func `RT-14 a sign-in that a reload moves to another server is over, and its token goes to neither`() throws {
        var scene = GrantScene()
        let settings = scene.ledger.configuration.tokens[GrantScene.user]!
        let entropy = SignInEntropy(id: LoginID(1, 1), state: Secret("s"), nonce: Secret("n"), verifier: Secret("v"), challenge: "c")
        _ = scene.request { $0.login(settings, redirectURI: nil, for: GrantScene.alice, entropy, waiter: $1, at: $2) }
        let next = moved(scene.ledger.configuration)
        scene.run { $0.adopt(next, at: $1).turn }
        let waiter = scene.request { $0.callback(LoginID(1, 1), Secret("code=a&state=s"), for: GrantScene.alice, waiter: $1, at: $2) }
        #expect(scene.refusal(waiter) != nil)
        #expect(scene.plans.isEmpty && revocations(scene) == 0)
    }
}
