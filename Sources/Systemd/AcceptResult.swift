internal import CShims
internal import Glibc

/// What a listening socket had.
package enum AcceptResult: Hashable, Sendable {
    /// A connection, non-blocking and close-on-exec. It is the receiver's to close.
    case connection(Int32)
    /// Nobody waits: come back when the listener is readable again.
    case wouldBlock
    /// No descriptor or no memory for it (an error number); it still waits, and a level-triggered listener stays readable.
    case exhausted(Int32)
}

/// Whether the client of a connection has hung up without a word. One system call.
package func hasHungUp(_ connection: Int32) -> Bool { tokend_has_hung_up(connection) == 1 }

/// The next waiting connection (accept(2)). One that was given up while it waited is passed over.
package func acceptConnection(_ listener: Int32) -> AcceptResult {
    while true {
        let result = tokend_accept(listener)
        if result >= 0 { return .connection(result) }
        switch -result {
        case EINTR, ECONNABORTED, EPROTO, EPERM: continue
        case EAGAIN: return .wouldBlock
        case let error: return .exhausted(error)
        }
    }
}
