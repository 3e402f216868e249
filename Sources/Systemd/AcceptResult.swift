internal import CShims
internal import Glibc

/// The result of accept(2) on a listening socket.
package enum AcceptResult: Hashable, Sendable {
    /// A non-blocking connection, close-on-exec. The receiver must close it.
    case connection(Int32)
    /// No connection is pending. Accept again when the listener is readable.
    case wouldBlock
    /// No descriptor or no memory is left (errno). The connection stays in the backlog, and a level-triggered listener stays readable.
    case exhausted(Int32)
}

/// Whether the peer has closed its side and left nothing to read, or the connection is broken. One system call.
package func hasHungUp(_ connection: Int32) -> Bool { tokend_has_hung_up(connection) == 1 }

/// Accepts the next connection (accept(2)). A connection that was aborted in the backlog is skipped.
package func acceptConnection(_ listener: Int32) -> AcceptResult {
    while true {
        let result = tokend_accept_client(listener)
        if result >= 0 { return .connection(result) }
        switch -result {
        case EINTR, ECONNABORTED, EPROTO, EPERM: continue
        case EAGAIN: return .wouldBlock
        case let error: return .exhausted(error)
        }
    }
}
