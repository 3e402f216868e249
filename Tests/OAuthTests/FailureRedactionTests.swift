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
}
