import CShims
import Systemd
import TestSupport
import Testing

/// One end of a ping-pong: answers each message with one of the same length.
@MainActor
private final class Player: ReadinessHandler {
    private let fd: Int32
    private(set) var received = 0
    private var room = [UInt8](repeating: 0, count: 4096)

    init(_ fd: Int32) { self.fd = fd }

    func ready(_ events: UInt32) {
        let count = room.withUnsafeMutableBytes { tokend_recv_bytes(fd, $0.baseAddress!, $0.count) }
        guard count > 0 else { return }
        received += 1
        _ = room.withUnsafeBytes { tokend_send(fd, $0.baseAddress!, count) }
    }
}

@MainActor
@Suite struct LoopLoadTests {
    /// Each message is one event, and no iteration is without one. A timer that is set repeatedly to the same time adds none.
    @Test func `a hundred thousand requests take one iteration per event, and none is lost`() throws {
        let loop = try Loop()
        let pair = try SocketPair()
        let server = Player(pair.a)
        let client = Player(pair.b)
        _ = try loop.watch(pair.a, LoopEvents.readable, server)
        _ = try loop.watch(pair.b, LoopEvents.readable, client)
        let idle = try loop.timer { Issue.record("a timer an hour away fired") }
        let deadline = Clock.boottime() + 3_600_000_000_000
        loop.afterBatch = {
            idle.set(at: deadline)
            if client.received == 100_000 { loop.stop() }
        }
        #expect(send("GET portal.sync\n", to: pair.b))
        try loop.run()
        #expect(server.received == 100_000)
        #expect(loop.turns <= 200_002)
    }
}
