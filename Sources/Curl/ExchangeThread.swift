/// One thread that carries every HTTP exchange: a thousand servers that hang cost a thousand handles, not threads.
package final class ExchangeThread: Sendable {
    package typealias Delivery = @Sendable (UInt64, Result<TransferResponse, TransferFailure>) -> Void
    private let deliver: Delivery

    /// `deliver` is called once for each submitted transfer, on the exchange thread: it should only hand the value on.
    package init(userAgent: String = "tokend", deliver: @escaping Delivery) throws { self.deliver = deliver }

    /// Begins a transfer; from any thread. `id` must differ from those of all transfers under way.
    package func submit(_ transfer: Transfer, id: UInt64) {
        deliver(id, .failure(TransferFailure(phase: .unsent, cause: .other, text: "the exchange thread is under construction")))
    }
    /// Ends a transfer, which then reports `.stopped`; nothing happens when it has already been reported. From any thread.
    package func cancel(id: UInt64) {}
    /// Ends the thread and waits for it; transfers under way report `.stopped` before this returns. Not from `deliver`.
    package func stop() {}
}
