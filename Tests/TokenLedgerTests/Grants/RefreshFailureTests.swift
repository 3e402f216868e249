import OAuth
import Testing
@testable import TokenLedger

/// What becomes of a refresh token after a refresh that brought nothing: one row for each class of failure.
@Suite struct RefreshFailureTests {
    private static let quarantine: [Int64] = [60, 600, 3_600]

    private func consequence(_ law: ExchangeFailure.Law, _ error: String? = nil, status: Int? = nil, isReplay: Bool, after refusals: Int) -> RefreshFailure {
        let failure = ExchangeFailure(law: law, reach: .credential, oauthError: error, status: status, text: "no")
        return RefreshFailure(failure, isReplay: isReplay, refusals: refusals, quarantine: Self.quarantine)
    }

    @Test(arguments: [ExchangeFailure.Law.unsent, .answered(retryAfter: 9), .configuration], [true, false])
    func `RT-11 RT-13 what consumed nothing leaves everything as it is`(law: ExchangeFailure.Law, isReplay: Bool) {
        for refusals in 0...9 { #expect(consequence(law, isReplay: isReplay, after: refusals) == .kept) }
    }

    @Test(arguments: [true, false]) func `RT-12 no answer is no refusal, however often`(isReplay: Bool) {
        for refusals in 0...9 { #expect(consequence(.unknown, isReplay: isReplay, after: refusals) == .uncertain) }
    }

    @Test(arguments: [true, false]) func `an answer without a readable error ends nothing`(isReplay: Bool) {
        for (refusals, pause) in Self.quarantine.enumerated() {
            #expect(consequence(.silent, isReplay: isReplay, after: refusals) == .quarantined(pause, isPersonAsked: false))
        }
        for refusals in 3...9 {
            #expect(consequence(.silent, isReplay: isReplay, after: refusals) == .silenced(isPersonAsked: false))
            #expect(consequence(.silent, status: 400, isReplay: isReplay, after: refusals) == .silenced(isPersonAsked: true))
        }
    }

    @Test(arguments: ["invalid_grant", "login_required", "invalid_request"]) func `RT-12 a no to a token in doubt ends the sign-in at once`(error: String) {
        for refusals in 0...9 { #expect(consequence(.no, error, isReplay: true, after: refusals) == .ended(isAnswerLost: true)) }
    }

    @Test(arguments: [("invalid_grant", false), ("login_required", true), ("interaction_required", true), ("invalid_request", true)])
    func `RT-10 a no is believed when it has come four times`(error: String, isPersonAsked: Bool) {
        for (refusals, pause) in Self.quarantine.enumerated() {
            #expect(consequence(.no, error, isReplay: false, after: refusals) == .quarantined(pause, isPersonAsked: isPersonAsked))
        }
        for refusals in 3...9 { #expect(consequence(.no, error, isReplay: false, after: refusals) == .ended(isAnswerLost: false)) }
    }

    @Test(arguments: [true, false])
    func `RT-11 a page in the place of the metadata says nothing about a refresh token that was never sent`(isRequested: Bool) throws {
        var scene = GrantScene.signedIn()
        let page = ExchangeFailure(law: .silent, reach: .credential, status: 404, text: "there are no metadata")
        var pauses: [Double] = []
        for _ in 1...12 {
            try scene.get(wait: 600)
            scene.answer(.failure(page), isRequested: isRequested)
            let (start, before) = (scene.now.boot, scene.plans.count)
            while scene.plans.count == before, scene.now.boot - start < .seconds(7_200) {
                scene.pass(1)
                try scene.get(wait: 0)
            }
            pauses.append(Double(scene.now.boot - start) / 1e9)
        }
        #expect((pauses.max() ?? 0) <= (isRequested ? 3_601 : 301) && (pauses.max() ?? 0) > (isRequested ? 3_500 : 1), "\(pauses)")
        #expect(scene.ledger.grants[GrantScene.user]?.silences == (isRequested ? 3 : 0))
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.state == .ready)
    }
}
