package import Secrets
internal import TokenWire

/// The bytes of a kept token before they are sealed, numbers with their most significant byte first, each text behind its length:
///
///     format 1 │ flags 1 │ consumer 1
///     │ terms 8 │ grant 8 │ id 8 │ since 8 │ until 8 │ ends 8 │ expires 8 │ lastAsked 8
///     │ name 2+ │ uid 4 or unit 2+ │ scopes asked for 2+ │ audience 2+? │ scopes granted 2+? │ token
///
/// Scopes have a blank between two. What was granted is left out where it is what was asked for.
extension KeptToken {
    /// The longest in bytes: a token of 32 KiB and what belongs to it.
    package static let longest = 48 << 10

    private static let format: UInt8 = 1

    private struct Flags: OptionSet {
        var rawValue: UInt8
        static let audience = Flags(rawValue: 1)
        static let otherScopes = Flags(rawValue: 2)
        static let apiKey = Flags(rawValue: 4)
        static let isAssumed = Flags(rawValue: 8)
        static let isAsked = Flags(rawValue: 16)
        static let all = Flags(rawValue: 31)
    }

    private enum ConsumerKind: UInt8 {
        case unit = 1
        case uid = 2
        case shared = 3
        case probe = 4
    }

    package func bytes() throws(RecordDamage) -> Secret {
        guard case .at(let second) = held.expires, !held.isReference else { throw .kind(0) }
        let buffer = SecretBuffer(capacity: 256 + held.token.count)
        buffer.append(Self.format)
        buffer.append(flags.rawValue)
        buffer.append(kind.rawValue)
        for number in [terms.bits, grant, held.id.bits] { buffer.append(number: number) }
        for number in [held.since, held.until, held.ends, second, lastAsked] { buffer.append(number: number) }
        try buffer.append(measured: key.token.description)
        switch key.consumer {
        case .unit(let name): try buffer.append(measured: name)
        case .uid(let number): buffer.append(number: number)
        case .shared, .probe: break
        }
        try buffer.append(measured: key.scopes.joined(separator: " "))
        if let audience = key.audience { try buffer.append(measured: audience) }
        if flags.contains(.otherScopes) { try buffer.append(measured: held.scopes.joined(separator: " ")) }
        buffer.append(held.token)
        guard buffer.count <= Self.longest else { throw .tooLong }
        return buffer.secret()
    }

    private var flags: Flags {
        var flags: Flags = []
        if key.audience != nil { flags.insert(.audience) }
        if held.scopes != key.scopes { flags.insert(.otherScopes) }
        switch held.header {
        case .authorization: break
        case .apiKey: flags.insert(.apiKey)
        }
        if held.isAssumed { flags.insert(.isAssumed) }
        if isAsked { flags.insert(.isAsked) }
        return flags
    }

    private var kind: ConsumerKind {
        switch key.consumer {
        case .unit: .unit
        case .uid: .uid
        case .shared: .shared
        case .probe: .probe
        }
    }

    /// From such bytes, all of them.
    package init(bytes: Secret) throws(RecordDamage) {
        guard bytes.count <= Self.longest else { throw .tooLong }
        self = try bytes.withBytes { bytes in Result { () throws(RecordDamage) in try Self.read(RecordReader(bytes)) } }.get()
    }

    private static func read(_ start: RecordReader) throws(RecordDamage) -> KeptToken {
        var reader = start
        let format = try reader.number(UInt8.self)
        guard format == Self.format else { throw .format(format) }
        let flags = Flags(rawValue: try reader.number())
        guard flags.isSubset(of: .all) else { throw .flags(flags.rawValue) }
        let kindNumber = try reader.number(UInt8.self)
        guard let kind = ConsumerKind(rawValue: kindNumber) else { throw .kind(kindNumber) }
        let (terms, grant, id) = (try reader.number(UInt64.self), try reader.number(UInt64.self), try reader.number(UInt64.self))
        let (since, until, ends) = (try reader.bootTime(), try reader.bootTime(), try reader.bootTime())
        let (expires, lastAsked) = (try reader.wallTime(), try reader.bootTime())
        guard let name = TokenName(try reader.measuredText()) else { throw .name }
        let consumer: Consumer =
            switch kind {
            case .unit: .unit(try reader.measuredText())
            case .uid: .uid(try reader.number())
            case .shared: .shared
            case .probe: .probe
            }
        let scopes = try reader.scopes()
        let audience = flags.contains(.audience) ? try reader.measuredText() : nil
        let granted = flags.contains(.otherScopes) ? try reader.scopes() : scopes
        let token = try reader.rest()
        guard !token.isEmpty else { throw .secret }
        return KeptToken(
            key: CacheKey(token: name, consumer: consumer, scopes: scopes, audience: audience),
            held: HeldToken(
                token: token, id: Fingerprint(bits: id), scopes: granted, header: flags.contains(.apiKey) ? .apiKey : .authorization, since: since,
                until: until, ends: ends, expires: .at(expires), isAssumed: flags.contains(.isAssumed), isReference: false),
            terms: Fingerprint(bits: terms), grant: grant, isAsked: flags.contains(.isAsked), lastAsked: lastAsked)
    }
}

extension SecretBuffer {
    fileprivate func append(measured text: String) throws(RecordDamage) {
        try append(length: text.utf8.count, as: UInt16.self)
        append(text: text)
    }
}

extension RecordReader {
    fileprivate mutating func measuredText() throws(RecordDamage) -> String { try text(Int(try number(UInt16.self))) }

    fileprivate mutating func scopes() throws(RecordDamage) -> [String] {
        let text = try measuredText()
        let list = text.isEmpty ? [] : text.split(separator: " ", omittingEmptySubsequences: false).map { String($0) }
        guard !list.contains("") else { throw .text }
        return list
    }
}
