import OAuth
import Systemd
import Testing
import TokenLedger

@testable import TokenDaemon

@Suite struct ReadinessGateTests {
    private func opens(_ policy: ReadyPolicy, turns: Int = 3, _ change: @escaping (inout Configuration) -> Void = { _ in }) throws -> Bool {
        let house = try SessionHouse(configured: {
            $0.readiness = policy
            change(&$0)
        })
        var isReady = false
        let gate = try ReadinessGate(house.keeper, house.loop) { isReady = true }
        #expect(!gate.isOpen, "not before the loop turns")
        try house.turn(turns)
        #expect(gate.isOpen == isReady)
        return isReady
    }

    @Test func `with the sockets it is open at once`() throws {
        #expect(try opens(.sockets))
    }

    @Test func `nothing that is kept leaves nothing to wait for`() throws {
        #expect(try opens(.firstTokens))
    }

    @Test func `a kept token whose value was never brought in is in a final state`() throws {
        #expect(try opens(.firstTokens) { for name in $0.tokens.keys { $0.tokens[name]?.keep = .always } })
    }

    @Test func `a kept token that is still to be fetched is waited for`() throws {
        #expect(
            try !opens(.firstTokens) {
                for name in $0.tokens.keys {
                    $0.tokens[name]?.keep = .always
                    $0.tokens[name]?.grant = .clientCredentials
                }
            })
    }
}
