internal import CCurl
internal import CShims
internal import Threads

/// The loop of the exchange thread: it takes messages, drives libcurl and reports the transfers that ended.
///
/// The multi handle is created with the first transfer. It is freed a minute after the last transfer, together with the idle connections. An idle
/// daemon thus keeps no memory for it and is never woken.
final class TransferLoop {
    private static let idleTimeout: Int64 = 60_000_000_000
    private static let longestWait: Int64 = 3_600_000_000_000

    private let mailbox: Mailbox<TransferMessage>
    private let userAgent: String
    private let deliver: ExchangeThread.Delivery

    private var multi: MultiHandle?
    private var idleSince: Int64 = 0
    private var queue = ResolveQueue()
    private var waiting: [UInt64: Submission] = [:]
    private var running: [UInt64: RunningTransfer] = [:]

    init(mailbox: Mailbox<TransferMessage>, userAgent: String, deliver: @escaping ExchangeThread.Delivery) {
        self.mailbox = mailbox
        self.userAgent = userAgent
        self.deliver = deliver
    }

    /// Runs until the mailbox is closed, then cancels all transfers.
    func run() {
        while take() {
            advance()
            wait()
        }
        for id in Array(waiting.keys) + Array(running.keys) { cancel(id) }
        multi = nil
    }

    /// Returns `false` when the mailbox is closed.
    private func take() -> Bool {
        let (messages, isClosed) = mailbox.take()
        for message in messages {
            switch message {
            case .submit(let submission): enqueue(submission)
            case .cancel(let id): cancel(id)
            }
        }
        return !isClosed
    }
}

// MARK: - One iteration

extension TransferLoop {
    /// Repeats while slots become free: a finished lookup lets the next transfer start immediately.
    private func advance() {
        expireWaiting(now: tokend_boottime())
        while true {
            for id in queue.admit(now: tokend_boottime()) { begin(id) }
            guard let multi else { return }
            let before = RunningTransfer.now
            multi.perform()
            let released = noteResolved() + collect(multi) + endOverdue(before)
            if released == 0 { break }
        }
        closeWhenIdle(now: tokend_boottime())
    }

    private func noteResolved() -> Int {
        let resolved = queue.resolving.filter { running[$0]?.isResolved == true }
        for id in resolved { queue.leave(id) }
        return resolved.count
    }

    private func collect(_ multi: MultiHandle) -> Int {
        var count = 0
        while let (context, code) = multi.nextEnded() {
            guard let ended = RunningTransfer.from(context) else { continue }
            count += 1
            let result = ended.result(code, now: tokend_boottime())
            release(ended, lookupIsOver: ended.isResolved || code != CURLE_OPERATION_TIMEDOUT)
            if ended.isLostOnReusedConnection, let retry = ended.submission.retry { enqueue(retry) } else { deliver(ended.submission.id, result) }
        }
        return count
    }

    /// Fails the transfers whose deadline had passed at `before` and that received nothing since. If this thread did not run for longer than the
    /// timeout, the response may already be in the socket. It is then read instead of being reported as late.
    private func endOverdue(_ before: Int64) -> Int {
        let overdue = running.values.filter { $0.monotonicDeadline <= before }
        for transfer in overdue where !transfer.hasReceivedMore() {
            release(transfer, lookupIsOver: transfer.isResolved)
            deliver(transfer.submission.id, .failure(transfer.overdue))
        }
        return overdue.count
    }

    private func wait() {
        guard let multi else { return mailbox.wait() }
        let now = tokend_boottime()
        let next = [waiting.values.map(\.deadline).min(), queue.nextRelease, running.isEmpty ? idleSince + Self.idleTimeout : nil]
        let timeLeft = running.values.map(\.monotonicDeadline).min().map { $0 - RunningTransfer.now } ?? .max
        let left = min(max(min((next.compactMap(\.self).min() ?? .max) - now, timeLeft), 0), Self.longestWait)
        multi.wait(wake: mailbox.descriptor, milliseconds: CInt((left + Submission.millisecond - 1) / Submission.millisecond))
    }

    private func closeWhenIdle(now: Int64) {
        guard running.isEmpty, waiting.isEmpty else { return idleSince = now }
        if now - idleSince >= Self.idleTimeout { multi = nil }
    }
}

// MARK: - One transfer

extension TransferLoop {
    private func enqueue(_ submission: Submission) {
        guard waiting[submission.id] == nil, running[submission.id] == nil else { return }
        waiting[submission.id] = submission
        multi = multi ?? MultiHandle()
        // an IP address needs no lookup and no slot
        if submission.transfer.connectsToIPAddress { begin(submission.id) } else { queue.join(submission.id, group: submission.transfer.group) }
    }

    private func begin(_ id: UInt64) {
        guard let submission = waiting.removeValue(forKey: id) else { return queue.leave(id) }
        do throws(TransferFailure) {
            let transfer = try RunningTransfer(submission, userAgent: userAgent, now: tokend_boottime())
            guard let multi, multi.add(transfer.handle) else { throw Self.noMemory }
            running[id] = transfer
        } catch {
            queue.leave(id)
            // the server may have received the first attempt
            deliver(id, .failure(TransferFailure(phase: submission.phase, cause: error.cause, text: error.text)))
        }
    }

    private static var noMemory: TransferFailure {
        TransferFailure(phase: .unsent, cause: .other, text: "libcurl could not begin a transfer")
    }

    private func release(_ transfer: RunningTransfer, lookupIsOver: Bool) {
        let id = transfer.submission.id
        multi?.remove(transfer.handle)
        running[id] = nil
        if lookupIsOver { queue.leave(id) } else { queue.abandon(id) }
    }

    private func cancel(_ id: UInt64) {
        if let transfer = running[id] {
            release(transfer, lookupIsOver: transfer.isResolved)
            deliver(id, .failure(transfer.stopped))
        } else if let submission = waiting[id] {
            end(submission, submission.stopped)
        }
    }

    private func expireWaiting(now: Int64) {
        for submission in waiting.values where submission.deadline <= now {
            end(submission, submission.expired)
        }
    }

    private func end(_ submission: Submission, _ failure: TransferFailure) {
        waiting[submission.id] = nil
        queue.leave(submission.id)
        deliver(submission.id, .failure(failure))
    }
}
