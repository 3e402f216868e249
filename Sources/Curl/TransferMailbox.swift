internal import CCurl
internal import Glibc
internal import Synchronization

/// Messages from other threads to the exchange thread, and the eventfd that wakes it.
final class TransferMailbox: Sendable {
    enum Message: Sendable {
        case submit(Submission)
        case cancel(id: UInt64)
    }

    private struct Content {
        var messages: [Message] = []
        var isClosed = false
    }

    /// Readable while there are messages.
    let wake: CInt
    private let content = Mutex(Content())

    /// `nil` if the process has no descriptor left; `errno` says why.
    init?() {
        wake = tokend_curl_wake_open()
        guard wake >= 0 else { return nil }
    }

    deinit { Glibc.close(wake) }

    /// Returns `false` if the mailbox is closed. The message is then discarded.
    func post(_ message: Message) -> Bool {
        let isTaken = content.withLock { content in
            guard !content.isClosed else { return false }
            content.messages.append(message)
            return true
        }
        if isTaken { ring() }
        return isTaken
    }

    /// Rejects new messages. Messages that were posted before can still be taken.
    func close() {
        content.withLock { $0.isClosed = true }
        ring()
    }

    /// All messages, oldest first, and whether the mailbox is closed. Never blocks.
    func take() -> (messages: [Message], isClosed: Bool) {
        var count: UInt64 = 0
        _ = read(wake, &count, MemoryLayout<UInt64>.size)
        return content.withLock { content in
            defer { content.messages = [] }
            return (content.messages, content.isClosed)
        }
    }

    /// Blocks until there are messages or the mailbox is closed.
    func wait() {
        var interest = pollfd(fd: wake, events: Int16(POLLIN), revents: 0)
        poll(&interest, 1, -1)
    }

    private func ring() {
        var one: UInt64 = 1
        _ = write(wake, &one, MemoryLayout<UInt64>.size)
    }
}
