package import Threads

extension Mailbox {
    /// A mailbox that is to be opened on a loop.
    package static func forLoop() throws(SystemError) -> Mailbox {
        do throws(SystemCallFailure) { return try Mailbox() } catch { throw SystemError("cannot create a mailbox", errno: error.errno) }
    }

    /// Calls `receive` on the loop for every message in order, including those sent before. Call it once per mailbox.
    @MainActor
    package func open(on loop: Loop, _ receive: @escaping @MainActor (Message) -> Void) throws(SystemError) {
        _ = try loop.watch(descriptor, LoopEvents.readable, MailboxReader(self, receive))
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
        for message in mailbox.take().messages { receive(message) }
    }
}
