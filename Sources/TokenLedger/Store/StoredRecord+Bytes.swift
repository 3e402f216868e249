package import Secrets
internal import TokenWire

/// The bytes of a record before they are sealed, numbers with their most significant byte first:
///
///     format 1 │ kind 1 │ flags 1
///     │ lengths: name 2, server 2, clientID 2, grant 2, subject 2, scopes 4, secret 4, idToken 4
///     │ generation 8 │ grant 8 │ signedIn 8 │ rotated 8 │ expires 8? │ idleLifetime 8? │ spent 8? │ signer 8?
///     │ name │ server │ clientID │ grant │ subject │ scopes, a blank between two │ secret │ idToken
///
/// The lengths add up to the whole, so that no single one can be wrong. Each record has exactly one such form: what is read without complaint
/// would be written as the same bytes.
extension StoredRecord {
    /// The longest record in bytes: an ID token and a refresh token of 32 KiB each, and what belongs to them.
    package static let longest = 95 << 10

    private static let format: UInt8 = 1

    private struct Flags: OptionSet {
        var rawValue: UInt8
        static let subject = Flags(rawValue: 1)
        static let idToken = Flags(rawValue: 2)
        static let expires = Flags(rawValue: 4)
        static let never = Flags(rawValue: 8)
        static let idleLifetime = Flags(rawValue: 16)
        static let spent = Flags(rawValue: 32)
        static let isProven = Flags(rawValue: 64)
        static let signer = Flags(rawValue: 128)
    }

    /// Its bytes. A scope that is empty is none. A record that would be too long with its ID token goes without: that one is only a hint.
    package func bytes() throws(RecordDamage) -> Secret {
        guard kind.mayHave(secret) else { throw .secret }
        let buffer = SecretBuffer(capacity: 512 + secret.count + (idToken?.count ?? 0))
        try write(self, to: buffer)
        if buffer.count > Self.longest, idToken != nil {
            var shorter = self
            shorter.idToken = nil
            buffer.removeAll()
            try write(shorter, to: buffer)
        }
        guard buffer.count <= Self.longest else { throw .tooLong }
        return buffer.secret()
    }

    private func write(_ record: StoredRecord, to buffer: SecretBuffer) throws(RecordDamage) {
        let binding = record.binding
        let texts = [record.name.description, binding.server, binding.clientID, binding.grant, binding.subject ?? ""]
        let scopes = record.scopes.filter { !$0.isEmpty }.joined(separator: " ")
        buffer.append(Self.format)
        buffer.append(record.kind.rawValue)
        buffer.append(record.flags.rawValue)
        for text in texts { try buffer.append(length: text.utf8.count, as: UInt16.self) }
        for length in [scopes.utf8.count, record.secret.count, record.idToken?.count ?? 0] { try buffer.append(length: length, as: UInt32.self) }
        for number in [record.generation, record.grant] { buffer.append(number: number) }
        for number in [record.signedIn, record.rotated] { buffer.append(number: number) }
        if case .at(let end) = record.expires { buffer.append(number: end) }
        if let idleLifetime = record.idleLifetime { buffer.append(number: idleLifetime) }
        if let spent = record.spent { buffer.append(number: spent.bits) }
        if let signer = record.signer { buffer.append(number: UInt64(signer)) }
        for text in texts { buffer.append(text: text) }
        buffer.append(text: scopes)
        buffer.append(record.secret)
        if let idToken = record.idToken { buffer.append(idToken) }
    }

    private var flags: Flags {
        var flags: Flags = isProven ? .isProven : []
        if binding.subject != nil { flags.insert(.subject) }
        if idToken != nil { flags.insert(.idToken) }
        switch expires {
        case .at: flags.insert(.expires)
        case .never: flags.insert(.never)
        case nil: break
        }
        if idleLifetime != nil { flags.insert(.idleLifetime) }
        if spent != nil { flags.insert(.spent) }
        if signer != nil { flags.insert(.signer) }
        return flags
    }

    /// From such bytes, all of them.
    package init(bytes: Secret) throws(RecordDamage) {
        guard bytes.count <= Self.longest else { throw .tooLong }
        self = try bytes.withBytes { bytes in Result { () throws(RecordDamage) in try Self.read(RecordReader(bytes)) } }.get()
    }

    private static func read(_ start: RecordReader) throws(RecordDamage) -> StoredRecord {
        var reader = start
        let format = try reader.number(UInt8.self)
        guard format == Self.format else { throw .format(format) }
        let kindNumber = try reader.number(UInt8.self)
        guard let kind = Kind(rawValue: kindNumber) else { throw .kind(kindNumber) }
        let flags = Flags(rawValue: try reader.number())
        guard !flags.isSuperset(of: [.expires, .never]) else { throw .flags(flags.rawValue) }
        var lengths: [Int] = []
        for _ in 0..<5 { lengths.append(Int(try reader.number(UInt16.self))) }
        for _ in 0..<3 { lengths.append(Int(try reader.number(UInt32.self))) }
        let numbers = 4 + [Flags.expires, .idleLifetime, .spent, .signer].count { flags.contains($0) }
        try reader.mustLeave(lengths.reduce(8 * numbers, +))

        let (generation, grant) = (try reader.serial(), try reader.serial())
        let (signedIn, rotated) = (try reader.wallTime(), try reader.wallTime())
        var expires: Expiry? = flags.contains(.never) ? .never : nil
        if flags.contains(.expires) { expires = .at(try reader.wallTime()) }
        let idleLifetime = flags.contains(.idleLifetime) ? try reader.wallTime() : nil
        let spent = flags.contains(.spent) ? Fingerprint(bits: try reader.number()) : nil
        let signer = flags.contains(.signer) ? try reader.number(UInt64.self) : nil
        guard signer ?? 0 < UInt64(UInt32.max) else { throw .flags(flags.rawValue) }

        guard let name = TokenName(try reader.text(lengths[0])) else { throw .name }
        var binding = RecordBinding(
            server: try reader.text(lengths[1]), clientID: try reader.text(lengths[2]), grant: try reader.text(lengths[3]))
        let subject = try reader.text(lengths[4])
        if flags.contains(.subject) { binding.subject = subject }
        let scopes = try reader.text(lengths[5])
        let scopeList = scopes.isEmpty ? [] : scopes.split(separator: " ", omittingEmptySubsequences: false).map { String($0) }
        guard !scopeList.contains("") else { throw .text }
        let secret = try reader.secret(lengths[6])
        guard kind.mayHave(secret) else { throw .secret }
        let idToken = try reader.secret(lengths[7])
        guard flags.contains(.subject) || subject.isEmpty, flags.contains(.idToken) || idToken.isEmpty else { throw .flags(flags.rawValue) }
        return StoredRecord(
            name: name, kind: kind, binding: binding, generation: generation, grant: grant, secret: secret,
            idToken: flags.contains(.idToken) ? idToken : nil, scopes: scopeList, signedIn: signedIn, rotated: rotated, expires: expires,
            idleLifetime: idleLifetime, spent: spent, isProven: flags.contains(.isProven), signer: signer.map { UInt32($0) })
    }
}

extension StoredRecord.Kind {
    /// A sign-in may have brought no refresh token: who signed in is worth keeping all the same.
    fileprivate func mayHave(_ secret: Secret) -> Bool {
        switch self {
        case .refresh: true
        case .reference: !secret.isEmpty
        case .ended: secret.isEmpty
        }
    }
}
