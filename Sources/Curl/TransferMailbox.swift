internal import CCurl
internal import Glibc
internal import Synchronization

/// What other threads ask of the exchange thread, and the descriptor that wakes it.
final class TransferMailbox: Sendable {
    enum Message: Sendable {
        case submit(Submission)
        case cancel(id: UInt64)
    }

    private struct Content {
        var messages: [Message] = []
        var isClosed = false
    }

    /// Readable while there is something to take.
    let wake: CInt
    private let content = Mutex(Content())

    /// `nil` when the process has no descriptor left; `errno` says so.
    init?() {
        wake = tokend_curl_wake_open()
        guard wake >= 0 else { return nil }
    }

    deinit { Glibc.close(wake) }

    /// False: the mailbox is closed and the message was not taken.
    func post(_ message: Message) -> Bool {
        let isTaken = content.withLock { content in
            guard !content.isClosed else { return false }
            content.messages.append(message)
            return true
        }
        if isTaken { ring() }
        return isTaken
    }

    /// What was posted before can still be taken; nothing more can be posted.
    func close() {
        content.withLock { $0.isClosed = true }
        ring()
    }

    /// All messages so far, oldest first, and whether these were the last. Never waits.
    func take() -> (messages: [Message], isClosed: Bool) {
        var count: UInt64 = 0
        _ = read(wake, &count, MemoryLayout<UInt64>.size)
        return content.withLock { content in
            defer { content.messages = [] }
            return (content.messages, content.isClosed)
        }
    }

    /// Waits until there is something to take.
    func wait() {
        var interest = pollfd(fd: wake, events: Int16(POLLIN), revents: 0)
        poll(&interest, 1, -1)
    }

    private func ring() {
        var one: UInt64 = 1
        _ = write(wake, &one, MemoryLayout<UInt64>.size)
    }
}
