import OAuth
import Secrets
import Testing
import TokenLedger
import TokenWire
@testable import TokenDaemon

/// A refresh token that is to be revoked, over a real socket.
@Suite(.serialized)
struct RevocationExchangeTests {
    private typealias Answer = ScriptedAuthority.Answer
    private static let openID = "/.well-known/openid-configuration"

    private func outcome(_ metadata: Answer, pinsToken: Bool = true) throws -> RevocationRequest.Outcome {
        let authority = try ScriptedAuthority([Self.openID: [metadata], "/revoke": [.ok("")]])
        let run = try ExchangeRun()
        let application = try ExchangePlan(1, at: authority) { if pinsToken { $0.endpoints.token = authority.issuer + "/token" } }.application
        var found: RevocationRequest.Outcome?
        run.exchanger.errandFinished = { report in if case .revoked(let outcome, _) = report.result { found = outcome } }
        run.exchanger.perform(
            ErrandPlan(id: 1, token: try #require(TokenName("portal.user")), application: application, errand: .revoke(Secret("RT-1")), timeout: 1))
        try run.turn { found != nil }
        return try #require(found)
    }

    @Test(arguments: [true, false], [502, 404, 200, nil] as [Int?])
    func `REV-01 metadata that cannot be had just then do not end a revocation`(pinsToken: Bool, status: Int?) throws {
        let metadata = status.map { Answer(status: $0, body: $0 == 200 ? "<html>" : "") } ?? .hangs
        guard case .failed = try outcome(metadata, pinsToken: pinsToken) else { return #expect(Bool(false), "given up") }
    }

    @Test func `REV-01 DISC-09 an address that is not used is told, and may be mended`() throws {
        let elsewhere = Answer.ok(#"{"issuer":"ISSUER","token_endpoint":"ISSUER/token","revocation_endpoint":"https://other.test/revoke"}"#)
        guard case .failed(let failure) = try outcome(elsewhere) else { return #expect(Bool(false), "given up") }
        #expect(failure.law == .configuration && failure.text.contains("under [endpoints]"))
    }

    @Test func `REV-04 a server whose metadata name no address revokes nothing`() throws {
        guard case .unsupported(let text) = try outcome(.metadata()) else { return #expect(Bool(false), "tried again") }
        #expect(text.contains("revocation_endpoint"))
    }
}
