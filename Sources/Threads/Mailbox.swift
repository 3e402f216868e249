internal import Synchronization

/// A queue from any thread to one reader, with an eventfd(2) that wakes the reader. No message is lost, and the messages of one thread keep their
/// order.
package final class Mailbox<Message: Sendable>: Sendable {
    private struct Content {
        var messages: [Message] = []
        var isClosed = false
    }
    private let content = Mutex(Content())
    private let event: EventDescriptor

    package init() throws(SystemCallFailure) { event = try EventDescriptor() }

    /// Readable while there is something to take.
    package var descriptor: Int32 { event.number }

    /// Appends a message. Never blocks. Only the first message of an empty queue wakes the reader. `false` if the mailbox is closed: the message is
    /// dropped.
    @discardableResult
    package func send(_ message: Message) -> Bool {
        let waiting = content.withLock { content in
            if !content.isClosed { content.messages.append(message) }
            return content.isClosed ? nil : content.messages.count
        }
        if waiting == 1 { event.signal() }
        return waiting != nil
    }

    /// Accepts no more messages. Messages that were sent before can still be taken.
    package func close() {
        content.withLock { $0.isClosed = true }
        event.signal()
    }

    /// Takes all messages, and tells whether the mailbox is closed. Never blocks. The eventfd is cleared first: a thread that sends afterwards finds the queue empty and signals again.
    package func take() -> (messages: [Message], isClosed: Bool) {
        event.clear()
        return content.withLock { content in
            defer { content.messages = [] }
            return (content.messages, content.isClosed)
        }
    }

    /// Waits until there is something to take.
    package func wait() { event.wait() }
}
