internal import Glibc
internal import Secrets
internal import TokenAudit
internal import TokenLedger
internal import TokenWire

/// A reply that was given and may be given again, word for word, to the same line from the same kind of caller.
///
/// Of no isolation, for speed alone: a closure of the main actor's asks at each call whether it is there.
nonisolated final class CachedReply {
    enum Form { case token, header }

    /// The request line, then what follows the token in the reply.
    private let bytes: [UInt8]
    let lineCount: Int
    private let form: Form
    private let header: HeaderForm
    private let token: Secret
    private let caller: Caller
    /// Of the cached token that it hands out. Two may have the same: then each goes with the other.
    let tag: UInt32
    /// CLOCK_BOOTTIME after which the promise made with it is no longer kept.
    private let until: Int64
    let slot: AuditSlot

    init(_ line: UnsafeRawBufferPointer, _ form: Form, _ ready: Ready, for caller: Caller, slot: AuditSlot) {
        let served = ready.held.served
        bytes = form == .token ? Array(line) + served.writeTail() : Array(line)
        lineCount = line.count
        self.form = form
        header = served.header
        token = served.token
        self.caller = caller
        tag = Self.tag(ready.key)
        until = ready.until
        self.slot = slot
    }

    /// Whether it is the reply to this line, from a caller whom the rules cannot tell from the one it was made for.
    @inline(__always)
    func answers(_ line: UnsafeRawBufferPointer, from caller: Caller) -> Bool {
        guard line.count == lineCount, let start = line.baseAddress else { return false }
        return bytes.withUnsafeBytes { memcmp($0.baseAddress!, start, lineCount) == 0 } && caller.isLike(self.caller)
    }

    /// Whether the promise made with it is still kept.
    @inline(__always)
    func isCurrent(at boot: Int64) -> Bool { boot < until }

    @inline(__always)
    func write(to buffer: SecretBuffer) {
        buffer.append("OK ")
        if form == .header { buffer.append(header.opening) }
        buffer.append(token)
        if form == .header { return buffer.append(UInt8(ascii: "\n")) }
        bytes.withUnsafeBytes { buffer.append(UnsafeRawBufferPointer(rebasing: $0[lineCount...])) }
    }

    static func tag(_ key: CacheKey) -> UInt32 { UInt32(truncatingIfNeeded: key.hashValue) }

    /// Whether it is a reply to the same line from the same kind of caller.
    func hasLine(of other: CachedReply) -> Bool {
        other.bytes.withUnsafeBytes { answers(UnsafeRawBufferPointer(rebasing: $0[..<other.lineCount]), from: other.caller) }
    }

    /// Where it is kept: of the line and the user alone, so that a look-up costs next to nothing.
    static func hash(_ line: UnsafeRawBufferPointer, _ caller: Caller, _ seed: UInt64) -> UInt64 {
        var hash = seed ^ UInt64(caller.uid)
        for byte in line { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return hash ^ hash >> 29
    }

    func hash(_ seed: UInt64) -> UInt64 {
        bytes.withUnsafeBytes { CachedReply.hash(UnsafeRawBufferPointer(rebasing: $0[..<lineCount]), caller, seed) }
    }
}

nonisolated extension Caller {
    /// The same in everything that a rule looks at: another process of the same user, groups and unit.
    @inline(__always)
    fileprivate func isLike(_ other: Caller) -> Bool {
        uid == other.uid && gid == other.gid && unit == other.unit && groups == other.groups
    }
}
