import Secrets
import Testing

@testable import OAuth

/// A text never quotes what was sent, even if the server repeats it.
@Suite struct FailureRedactionTests {
    private static let secret = Secret("s3cret-of-the-client")

    private func failure(_ text: String, status: Int? = 200) -> ExchangeFailure {
        ExchangeFailure(law: .unknown, reach: .credential, status: status, text: text)
    }

    @Test(arguments: [
        "'https://id.test/token' answered 200, compressed as \"s3cret-of-the-client\"", "its issuer is \"https://s3cret-o\"", "tneilc-eht-fo-terc3s",
    ]) func `a text that contains eight bytes of a secret is withheld`(_ text: String) {
        let told = failure(text).redacting([Self.secret])
        #expect(told.text == "the server answered 200 with a text that contains a secret; the text is withheld")
        #expect(told.law == .unknown && told.status == 200)
        guard case .refused(let words) = TokenHealth.refused(text).redacting([Self.secret]) else { return #expect(Bool(false)) }
        #expect(words == "the server answered with a text that contains a secret; the text is withheld")
        #expect(TokenHealth.unknown(failure(text)).redacting([Self.secret]) == .unknown(told))
    }

    @Test(arguments: ["the token endpoint answered 503", "it is s3cret", ""]) func `any other text is kept`(_ text: String) {
        #expect(failure(text).redacting([Self.secret, Secret("a"), Secret("token")]).text == text)
    }

    private func issued(_ scopes: [String], refreshToken: String? = nil) -> IssuedTokens {
        IssuedTokens(accessToken: Secret("an-access-token"), lifetime: 60, scopes: scopes, refreshToken: refreshToken.map { Secret($0) })
    }

    @Test func `a scope that was asked for stays, whatever it has in common with a secret`() {
        let secrets = [Secret("read-orders-secret-1"), Secret("portal-sync")]
        let told = issued(["read-orders", "portal-sync.read", "more"]).redacting(secrets, asked: ["read-orders", "portal-sync.read"])
        #expect(told.scopes == ["read-orders", "portal-sync.read", "more"])
    }

    @Test(arguments: [
        ["read", "s3cret-of-the-client"], ["read", "my", "words", "of", "old"], ["read", "short"], ["read", "the-refresh-token"], ["read", "an-access-token"],
    ]) func `scopes beyond what was asked for are no way for a secret to callers`(_ scopes: [String]) {
        let secrets = [Self.secret, Secret("my words of old"), Secret("short")]
        #expect(issued(scopes, refreshToken: "the-refresh-token").redacting(secrets, asked: ["read"]).scopes == ["read"])
    }
}
