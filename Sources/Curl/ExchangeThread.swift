internal import CShims
internal import Glibc
internal import Synchronization
internal import Threads

/// The thread "exchange", which runs all HTTP transfers with one libcurl multi handle. A thousand servers that do not answer cost a thousand handles,
/// not threads.
///
/// Every submitted transfer is reported exactly once.
package final class ExchangeThread: Sendable {
    package typealias Delivery = @Sendable (UInt64, Result<TransferResponse, TransferFailure>) -> Void

    private let mailbox: Mailbox<TransferMessage>
    private let deliver: Delivery
    private let thread: Mutex<RunningThread?>

    /// Starts the thread.
    /// - Parameters:
    ///   - userAgent: the `User-Agent` header of every request, such as "tokend/1.0".
    ///   - deliver: called once per submitted transfer, on the exchange thread. It should only pass the result on.
    /// - Throws: if the process has no descriptor or no thread left.
    package init(userAgent: String = "tokend", deliver: @escaping Delivery) throws(TransferFailure) {
        do throws(SystemCallFailure) {
            let mailbox = try Mailbox<TransferMessage>()
            self.mailbox = mailbox
            self.deliver = deliver
            // the thread, and those that libcurl starts from it, take no signal: those are the main loop's
            thread = Mutex(
                try RunningThread(stackSize: Self.stackSize, takesSignals: false) {
                    RunningThread.nameCurrent("exchange")
                    TransferLoop(mailbox: mailbox, userAgent: userAgent, deliver: deliver).run()
                })
        } catch {
            throw Self.unavailable(error)
        }
    }

    deinit { stop() }

    /// Starts a transfer. Any thread may call it. `id` must be unique among the running transfers. After `stop` the transfer is reported as
    /// `.stopped` before this returns.
    package func submit(_ transfer: Transfer, id: UInt64) {
        let submission = Submission(id: id, transfer: transfer, submitted: tokend_boottime())
        if !mailbox.send(.submit(submission)) { deliver(id, .failure(submission.stopped)) }
    }

    /// Cancels a transfer, which is then reported as `.stopped`. No effect if it was already reported. Any thread may call it.
    package func cancel(id: UInt64) { mailbox.send(.cancel(id: id)) }

    /// Ends the thread and waits for it. Running transfers are reported as `.stopped` before this returns. `deliver` must not call it.
    package func stop() {
        mailbox.close()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }
}

extension ExchangeThread {
    /// libcurl and OpenSSL need less than 100 KiB. Name lookups run on threads that libcurl starts.
    private static let stackSize = 512 * 1024

    private static func unavailable(_ failure: SystemCallFailure) -> TransferFailure {
        let reason = strerror(failure.errno).map { String(cString: $0) } ?? "error \(failure.errno)"
        return TransferFailure(phase: .unsent, cause: .other, text: "the exchange thread could not be started: \(reason)")
    }
}
