import Testing
@testable import TokenDaemon

@Suite struct AttentionTests {
    /// Of each beat: whether somebody waits, how often was looked, whether the watchdog is fed.
    nonisolated private static let beats: [(String, [(Bool, UInt64, Bool)])] = [
        ("a socket at which nobody waits", [(false, 0, true), (false, 0, true)]),
        ("somebody who came just now", [(false, 3, true), (true, 3, true), (false, 4, true)]),
        ("a queue that never ends, and is served", [(true, 1, true), (true, 9, true), (true, 200, true)]),
        ("somebody whom nobody lets in", [(false, 3, true), (true, 3, true), (true, 3, false), (true, 3, false)]),
        ("a loop that recovers", [(true, 3, true), (true, 3, false), (true, 4, true), (false, 5, true)]),
    ]

    @Test(arguments: beats.map(\.0)) func `a loop that turns without letting anybody in does not feed the watchdog`(_ story: String) throws {
        var attention = Attention()
        for beat in try #require(Self.beats.first { $0.0 == story }).1 {
            let isPaid = attention.isPaid(isWaited: beat.0, looks: beat.1)
            #expect(isPaid == beat.2)
        }
    }
}
