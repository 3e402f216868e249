internal import Secrets
internal import TokenWire

/// Takes numbers and lengths from bytes that may be damaged: nothing is read that is not there.
struct RecordReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The most significant byte first.
    mutating func number<Number: FixedWidthInteger>(_: Number.Type = Number.self) throws(RecordDamage) -> Number {
        var value: Number = 0
        for byte in try take(MemoryLayout<Number>.size) { value = value << 8 | Number(truncatingIfNeeded: byte) }
        return value
    }

    /// A number that later records count on from, so that it must not be the last one.
    mutating func serial() throws(RecordDamage) -> UInt64 { try number(in: 0...UInt64(Int64.max)) }

    /// Seconds since the epoch.
    mutating func wallTime() throws(RecordDamage) -> Int64 { try number(in: Expiry.times) }

    /// CLOCK_BOOTTIME in nanoseconds.
    mutating func bootTime() throws(RecordDamage) -> Int64 { try number(in: Moment.bootTimes) }

    private mutating func number<Number: FixedWidthInteger>(in range: ClosedRange<Number>) throws(RecordDamage) -> Number {
        let number = try number(Number.self)
        guard range.contains(number) else { throw .number }
        return number
    }

    mutating func text(_ count: Int) throws(RecordDamage) -> String {
        guard let text = String(validating: try take(count), as: UTF8.self) else { throw .text }
        return text
    }

    mutating func secret(_ count: Int) throws(RecordDamage) -> Secret {
        Secret(copying: UnsafeRawBufferPointer(rebasing: try take(count)))
    }

    /// Everything that is still to be read.
    mutating func rest() throws(RecordDamage) -> Secret { try secret(bytes.count - position) }

    /// So many bytes are still to be read, no more and no fewer.
    func mustLeave(_ count: Int) throws(RecordDamage) {
        guard count <= bytes.count - position else { throw .truncated }
        guard count == bytes.count - position else { throw .excess }
    }

    private mutating func take(_ count: Int) throws(RecordDamage) -> Slice<UnsafeRawBufferPointer> {
        guard count <= bytes.count - position else { throw .truncated }
        defer { position += count }
        return bytes[position..<position + count]
    }
}

extension SecretBuffer {
    /// The most significant byte first.
    func append(number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.bigEndian) { append($0) }
    }

    func append<Number: FixedWidthInteger>(length: Int, as _: Number.Type) throws(RecordDamage) {
        guard let length = Number(exactly: length) else { throw .tooLong }
        append(number: length)
    }
}
