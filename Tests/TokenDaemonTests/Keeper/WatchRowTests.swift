import Secrets
import Systemd
import Testing
import TokenLedger
import TokenWire

@testable import TokenDaemon

/// A row of a watch that has waited for its slice of time.
@Suite(.serialized)
struct WatchRowTests {
    private final class Client: Asker {
        let caller: Caller
        private(set) var told: [String] = []

        init(_ caller: Caller) { self.caller = caller }

        var unitForTheRecord: CallerUnit { .none }
        var processForTheRecord: String { "" }
        func hear(_ number: UInt64, _ reply: Reply) {}
        func movedWait(_ number: UInt64, to waiter: UInt64) {}
        func hearEnd(_ refusal: Refusal) { told.append("end") }
        func hear(row: Row) {
            switch row {
            case .token(let served): told.append(served.token.withBytes { String(decoding: $0, as: UTF8.self) })
            case .trouble(let state, _): told.append(state)
            case .fields, .text: told.append("?")
            }
        }
    }

    private enum Change: CaseIterable { case none, otherToken, noToken, otherRule }

    private static func configuration(_ before: Configuration, value: String?, isNarrow: Bool = false) throws -> Configuration {
        var configuration = before
        let name = try #require(TokenName("app.t0"))
        var reference = ReferenceSettings()
        reference.value = value.map { Secret($0) }
        configuration.tokens[name]?.grant = .reference(reference)
        if isNarrow { configuration.tokens[name]?.allow = [] }
        return configuration
    }

    @Test(arguments: Change.allCases) private func `it is told only if it is what the caller would get now`(change: Change) throws {
        let house = try SessionHouse()
        let keeper = house.keeper
        let settings = keeper.ledger.configuration
        let first = try Self.configuration(settings, value: "reference-1")
        _ = keeper.put { $0.adopt(first, at: keeper.now) }
        let client = Client(SessionHouse.alice)
        let query = TokenQuery(name: "app.t0")
        guard case .watching(let id) = keeper.watch(query, 1, client) else { return #expect(Bool(false), "not watched") }
        try house.turn(2)
        #expect(client.told == ["reference-1"])
        let authorised = try keeper.policy.authorise(query, for: client.caller).get()
        let held = try #require(keeper.put { $0.ready(authorised, at: keeper.now) }?.held)
        let next =
            switch change {
            case .none: first
            case .otherToken: try Self.configuration(settings, value: "reference-2")
            case .noToken: try Self.configuration(settings, value: nil)
            case .otherRule: try Self.configuration(settings, value: "reference-1", isNarrow: true)
            }
        if change != .none { _ = keeper.put { $0.adopt(next, at: keeper.now) } }
        // it was decided before that, and its turn comes now
        keeper.tell(id, .token(held))
        try house.turn(2)
        let more = Array(client.told.dropFirst())
        switch change {
        case .none: #expect(more == ["reference-1"])
        case .otherToken, .noToken: #expect(more.isEmpty)
        case .otherRule: #expect(more == ["end"])
        }
    }
}
