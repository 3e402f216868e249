import OAuth
import Secrets
import Testing
import TokenLedger
import TokenWire
@testable import TokenDaemon

/// How long a discovery may take, by a clock driven by hand.
struct MetadataCachesTests {
    private let issuer = "https://id.test"

    private func flight(_ id: UInt64, timeout: Int = 30, at now: Moment) throws -> Flight {
        let application = Application(
            name: "portal", server: ServerSettings(location: .issuer(issuer)), client: ClientIdentity(id: "portal", authentication: .none))
        return Flight(
            .exchange(
                ExchangePlan(
                    id: id, token: try #require(TokenName("portal.sync")), application: application, grant: .clientCredentials(scopes: [], audience: nil),
                    timeout: timeout)),
            at: now)
    }

    @Test(arguments: [3, 30, 120]) func `DISC-14 a discovery that hangs leaves two thirds of the time to what old metadata serve`(timeout: Int) throws {
        var table = MetadataCaches()
        var now = Moment(boot: .seconds(1_000), wall: 1_790_000_000)
        let settings = try flight(1, at: now).settings
        guard case .send(_, let first) = table.ask(for: try flight(1, timeout: timeout, at: now), at: now) else { return #expect(Bool(false), "not asked") }
        #expect(first == now.boot + .seconds(timeout), "there is nothing to go on with")
        let document = EndpointResponse(status: 200, body: Secret(#"{"issuer":"https://id.test","token_endpoint":"https://id.test/token"}"#))
        guard case .settled(.success, [1]) = table.receive(.response(document), from: settings, at: now) else { return #expect(Bool(false), "not found") }
        now = Moment(boot: now.boot + .seconds(4_000), wall: now.wall + 4_000)
        let late = try flight(2, timeout: timeout, at: now)
        guard case .send(_, let second) = table.ask(for: late, at: now) else { return #expect(Bool(false), "not asked anew") }
        #expect(second - now.boot == .seconds(timeout) / 3)
        now.boot = second
        let fault = TransportFault(unsent: false, kind: .broken, text: "it took too long")
        guard case .settled(.success(let metadata), [2]) = table.receive(.fault(fault), from: settings, at: now) else {
            return #expect(Bool(false), "the old metadata do not serve")
        }
        #expect(try metadata.url(of: .token).text == "https://id.test/token")
        #expect(late.deadline - now.boot >= .seconds(timeout) / 2)
    }
}
