internal import CShims
internal import Glibc
internal import Synchronization

/// The way from another thread to the loop: a queue and a eventFD (eventfd(2)). Any thread may send, at any time; nothing is lost and what
/// one thread sends arrives in its order.
package final class Mailbox<Message: Sendable>: Sendable {
    private let queue = Mutex<[Message]>([])
    private let eventFD: Int32

    package init() throws(SystemError) {
        eventFD = try SystemError.check(tokend_eventfd(), "cannot create a mailbox")
    }

    deinit { close(eventFD) }

    /// Leaves a message. Never blocks; wakes the loop only for the first message that waits.
    package func send(_ message: Message) {
        let isFirst = queue.withLock { queue in
            queue.append(message)
            return queue.count == 1
        }
        if isFirst { _ = tokend_eventfd_signal(eventFD) }
    }

    /// Delivers every message, in order, on the loop: those already sent too. Once for each mailbox.
    @MainActor
    package func open(on loop: Loop, _ receive: @escaping @MainActor (Message) -> Void) throws(SystemError) {
        _ = try loop.watch(eventFD, LoopEvents.readable, MailboxReader(self, receive))
    }

    /// All that wait. The eventFD is silenced first: whoever sends after that finds the queue empty and rings again.
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
