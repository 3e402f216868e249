package import Secrets

/// The bytes of an intent before they are sealed, numbers with their most significant byte first:
///
///     format 1 │ attempt │ grant 8 │ generation 8 │ token 8 │ sent 8
extension Intent {
    private static let format: UInt8 = 1

    package func bytes() throws(RecordDamage) -> Secret {
        guard let attempt = UInt8(exactly: attempt), attempt > 0 else { throw .attempt }
        let buffer = SecretBuffer(capacity: 34)
        buffer.append(Self.format)
        buffer.append(attempt)
        for number in [grant, generation, token.bits] { buffer.append(number: number) }
        buffer.append(number: sent)
        return buffer.secret()
    }

    package init(bytes: Secret) throws(RecordDamage) {
        self = try bytes.withBytes { bytes in Result { () throws(RecordDamage) in try Self.read(RecordReader(bytes)) } }.get()
    }

    private static func read(_ start: RecordReader) throws(RecordDamage) -> Intent {
        var reader = start
        let format = try reader.number(UInt8.self)
        guard format == Self.format else { throw .format(format) }
        let attempt = Int(try reader.number(UInt8.self))
        guard attempt > 0 else { throw .attempt }
        let intent = Intent(
            grant: try reader.serial(), generation: try reader.serial(), attempt: attempt, token: Fingerprint(bits: try reader.number()),
            sent: try reader.wallTime())
        try reader.mustLeave(0)
        return intent
    }
}
