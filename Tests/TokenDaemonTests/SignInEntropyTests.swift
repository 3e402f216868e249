import Codecs
import OpenSSL
import Secrets
import Testing
import TokenLedger
@testable import TokenDaemon

@Suite struct `What nobody may guess of a sign-in` {
    private func text(_ secret: Secret) -> String { secret.withBytes { String(decoding: $0, as: UTF8.self) } }

    @Test func `AC-02 a verifier has 43 to 128 unreserved characters of at least 256 random bits`() {
        let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        for _ in 1...200 {
            let verifier = text(SignInEntropy.random().verifier)
            #expect((43...128).contains(verifier.count))
            #expect(verifier.allSatisfy(unreserved.contains))
        }
        // six bits a character, had they not all been drawn there would be places where one never turns up
        let drawn = (1...400).map { _ in Array(text(SignInEntropy.random().verifier)) }
        #expect(drawn[0].count * 6 >= 256)
        for place in drawn[0].indices { #expect(Set(drawn.map { $0[place] }).count > 48, "place \(place)") }
    }

    @Test func `AC-02 AC-05 AC-06 each sign-in has its own verifier, state, nonce and id`() {
        let all = (1...200).map { _ in SignInEntropy.random() }
        #expect(Set(all.map { text($0.verifier) }).count == 200)
        #expect(Set(all.map { text($0.state) } + all.map { text($0.nonce) }).count == 400)
        #expect(Set(all.map(\.id)).count == 200)
        #expect(all.allSatisfy { $0.state.count >= 22 && $0.nonce.count >= 22 })
    }

    @Test func `AC-03 the challenge is that of the verifier`() {
        let one = SignInEntropy.random()
        #expect(one.challenge == base64url(sha256(Array(text(one.verifier).utf8))))
        #expect(one.challenge.count == 43)
    }
}
