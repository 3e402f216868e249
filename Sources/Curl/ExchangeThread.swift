internal import CCurl
internal import CShims
internal import Glibc
internal import Synchronization

/// The thread "exchange", which runs all HTTP transfers with one libcurl multi handle. A thousand servers that do not answer cost a thousand handles,
/// not threads.
///
/// Every submitted transfer is reported exactly once.
package final class ExchangeThread: Sendable {
    package typealias Delivery = @Sendable (UInt64, Result<TransferResponse, TransferFailure>) -> Void

    private let mailbox: TransferMailbox
    private let deliver: Delivery
    private let thread: Mutex<pthread_t?>

    /// Starts the thread.
    /// - Parameters:
    ///   - userAgent: the `User-Agent` header of every request, such as "tokend/1.0".
    ///   - deliver: called once per submitted transfer, on the exchange thread. It should only pass the result on.
    /// - Throws: if the process has no descriptor or no thread left.
    package init(userAgent: String = "tokend", deliver: @escaping Delivery) throws(TransferFailure) {
        guard let mailbox = TransferMailbox() else { throw Self.unavailable(errno) }
        self.mailbox = mailbox
        self.deliver = deliver
        thread = Mutex(try Self.start(ThreadStart(mailbox: mailbox, userAgent: userAgent, deliver: deliver)))
    }

    deinit { stop() }

    /// Starts a transfer. Any thread may call it. `id` must be unique among the running transfers. After `stop` the transfer is reported as
    /// `.stopped` before this returns.
    package func submit(_ transfer: Transfer, id: UInt64) {
        let submission = Submission(id: id, transfer: transfer, submitted: tokend_boottime())
        if !mailbox.post(.submit(submission)) { deliver(id, .failure(submission.stopped)) }
    }

    /// Cancels a transfer, which is then reported as `.stopped`. No effect if it was already reported. Any thread may call it.
    package func cancel(id: UInt64) { _ = mailbox.post(.cancel(id: id)) }

    /// Ends the thread and waits for it. Running transfers are reported as `.stopped` before this returns. `deliver` must not call it.
    package func stop() {
        mailbox.close()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        if let running { pthread_join(running, nil) }
    }
}

extension ExchangeThread {
    /// libcurl and OpenSSL need less than 100 KiB. Name lookups run on threads that libcurl starts.
    private static let stackSize = 512 * 1024

    /// The thread, and the threads that libcurl starts from it, block all signals: the main loop handles them.
    private static func start(_ start: ThreadStart) throws(TransferFailure) -> pthread_t {
        var (all, before, thread, attributes) = (sigset_t(), sigset_t(), pthread_t(), pthread_attr_t())
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackSize)
        let argument = Unmanaged.passRetained(start)
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                if let argument { Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, argument.toOpaque())
        guard code == 0 else {
            argument.release()
            throw unavailable(code)
        }
        return thread
    }

    private static func unavailable(_ code: CInt) -> TransferFailure {
        let reason = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        return TransferFailure(phase: .unsent, cause: .other, text: "the exchange thread could not be started: \(reason)")
    }
}

/// The arguments of the new thread.
private final class ThreadStart: Sendable {
    private let mailbox: TransferMailbox
    private let userAgent: String
    private let deliver: ExchangeThread.Delivery

    init(mailbox: TransferMailbox, userAgent: String, deliver: @escaping ExchangeThread.Delivery) {
        self.mailbox = mailbox
        self.userAgent = userAgent
        self.deliver = deliver
    }

    func run() {
        tokend_curl_name_thread("exchange")
        TransferLoop(mailbox: mailbox, userAgent: userAgent, deliver: deliver).run()
    }
}
