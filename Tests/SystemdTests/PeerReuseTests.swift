import Glibc
import Systemd
import TestSupport
import Testing

/// The PID of a client that has exited is reused by another program while the connection is still in the backlog.
@Suite struct PeerReuseTests {
    private static let lastNumber = "/proc/sys/kernel/ns_last_pid"

    @Test(.enabled(if: access(lastNumber, W_OK) == 0, "needs to choose the next process number: root"))
    func `a process that reuses the PID of the peer is not taken for it`() throws {
        for _ in 0..<200 {
            let connection = try Connection()
            connection.peer.end()
            guard let successor = try successor(of: connection.peer.pid) else { continue }
            try connection.accept()
            let peer = try #require(identifyPeer(of: connection.fd, method: .best))
            #expect(peer.pid == successor.pid)
            #expect(peer.unit == .failed)
            return
        }
        Issue.record("the process number was never given out again")
    }

    /// Another program with this PID, unless another process was faster.
    private func successor(of pid: Int32) throws -> ChildProcess? {
        let file = try #require(fopen(Self.lastNumber, "w"))
        fputs("\(pid - 1)", file)
        fclose(file)
        let child = try ChildProcess("sh", "-c", "read forever < /dev/zero")
        return child.pid == pid ? child : nil
    }
}
