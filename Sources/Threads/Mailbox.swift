internal import CShims
internal import Glibc
internal import Synchronization

/// A queue from any thread to the loop, with an eventfd(2) that wakes the loop. No message is lost, and the messages of one thread keep their order.
package final class Mailbox<Message: Sendable>: Sendable {
    private let queue = Mutex<[Message]>([])
    private let eventFD: Int32

    package init() throws(SystemError) {
        eventFD = try SystemError.check(tokend_eventfd(), "cannot create a mailbox")
    }

    deinit { close(eventFD) }

    /// Appends a message. Never blocks. Only the first message of an empty queue wakes the loop.
    package func send(_ message: Message) {
        let isFirst = queue.withLock { queue in
            queue.append(message)
            return queue.count == 1
        }
        if isFirst { _ = tokend_eventfd_signal(eventFD) }
    }

    /// Calls `receive` on the loop for every message in order, including those sent before. Call it once per mailbox.
    @MainActor
    package func open(on loop: Loop, _ receive: @escaping @MainActor (Message) -> Void) throws(SystemError) {
        _ = try loop.watch(eventFD, LoopEvents.readable, MailboxReader(self, receive))
    }

    /// Takes all messages. The eventfd is cleared first: a thread that sends afterwards finds the queue empty and signals again.
    package func collect() -> [Message] {
        _ = tokend_eventfd_clear(eventFD)
        return queue.withLock { queue in
            defer { queue = [] }
            return queue
        }
    }
}

@MainActor
private final class MailboxReader<Message: Sendable>: ReadinessHandler {
    private let mailbox: Mailbox<Message>
    private let receive: @MainActor (Message) -> Void

    init(_ mailbox: Mailbox<Message>, _ receive: @escaping @MainActor (Message) -> Void) {
        self.mailbox = mailbox
        self.receive = receive
    }

    func ready(_ events: UInt32) {
        for message in mailbox.collect() { receive(message) }
    }
}
