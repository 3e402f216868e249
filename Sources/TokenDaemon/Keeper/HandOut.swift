internal import Glibc
internal import Secrets
internal import TokenLedger
internal import TokenWire

/// A reply that was just given and may be given again, word for word, to the same line of the same connection.
final class HandOut {
    enum Form { case token, header }

    private let line: [UInt8]
    private let form: Form
    private let served: ServedToken
    private let tail: [UInt8]
    /// The ledger's epoch it belongs to.
    let epoch: UInt64
    /// CLOCK_BOOTTIME after which the promise made with it is no longer kept.
    let until: Int64
    let slot: AuditSlot

    init(_ line: UnsafeRawBufferPointer, _ form: Form, _ ready: Ready, epoch: UInt64, slot: AuditSlot) {
        self.line = Array(line)
        self.form = form
        self.epoch = epoch
        self.slot = slot
        served = ready.held.served
        tail = served.writeTail()
        until = ready.until
    }

    @inline(__always)
    func answers(_ line: UnsafeRawBufferPointer) -> Bool {
        guard line.count == self.line.count, let start = line.baseAddress else { return false }
        return self.line.withUnsafeBytes { memcmp($0.baseAddress!, start, line.count) == 0 }
    }

    @inline(__always)
    func write(to buffer: SecretBuffer) {
        switch form {
        case .token:
            buffer.append("OK ")
            buffer.append(served.token)
            tail.withUnsafeBytes { buffer.append($0) }
        case .header: served.writeHeaderLine(to: buffer)
        }
    }
}
