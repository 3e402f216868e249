internal import Secrets

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

    /// Behind its length in two bytes.
    mutating func text() throws(RecordDamage) -> String {
        guard let text = String(validating: try take(Int(number(UInt16.self))), as: UTF8.self) else { throw .text }
        return text
    }

    /// Behind its length in four bytes.
    mutating func secret() throws(RecordDamage) -> Secret {
        let length = try number(UInt32.self)
        guard length <= StoredRecord.longest else { throw .tooLong }
        return Secret(copying: UnsafeRawBufferPointer(rebasing: try take(Int(length))))
    }

    /// Nothing may be left.
    func end() throws(RecordDamage) {
        guard position == bytes.count else { throw .excess }
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

    func append(lengthAndText text: String) throws(RecordDamage) {
        guard let length = UInt16(exactly: text.utf8.count) else { throw .tooLong }
        append(number: length)
        append(text: text)
    }

    func append(lengthAndSecret secret: Secret) throws(RecordDamage) {
        guard let length = UInt32(exactly: secret.count) else { throw .tooLong }
        append(number: length)
        append(secret)
    }
}
