internal import Secrets
package import Systemd
internal import TokenLedger
internal import TokenWire

/// The access tokens as they outlive a restart and a crash: sealed, in memory that systemd keeps, so that the next daemon need not ask for new ones.
///
///     "tokendat" │ version 4 │ boot 16 │ zeros up to one page │ units of 128 bytes
///
/// A token is the length of what is sealed (4 bytes), then that: sealed like a record, a sequence number (8 bytes) before the token's own bytes.
/// It begins at a unit, and a new one is written where nothing was before the old one is overwritten: one that is half written leaves the one
/// before, and of two for the same key the newer counts. What is of another version, or of another run of the kernel, is given up.
final class TokenMemory {
    static let name = "tokens"
    static let unit = 128
    /// 32 MiB, which are some 20,000 tokens of 1.3 kB. Memory is taken only for what is written; a token that finds no room is not kept.
    static let units = (32 << 20) / unit
    static let page = 4096
    private static let version: [UInt8] = Array("tokendat".utf8) + [0, 0, 0, 1]

    private struct Place {
        var start: UInt32
        var count: UInt32

        init(_ units: Range<Int>) { (start, count) = (UInt32(units.lowerBound), UInt32(units.count)) }

        var units: Range<Int> { Int(start)..<Int(start + count) }
    }

    private let memory: FDStoreMemory
    /// Somebody keeps it when this process ends; otherwise nothing is written.
    private let isKept: Bool
    private let sealer: StoreSealer
    /// By the hash of the key: where two keys ever share one, a token is asked for again after the next restart.
    private var places: [Int: Place] = [:]
    private var free = FreeUnits(0..<units)
    private var sequence: UInt64 = 0
    private var found: [KeptToken] = []

    /// - Parameters:
    ///   - inherited: used if it is of this version and this boot, otherwise given up.
    ///   - boot: names the run of the kernel, if that is known: its clock begins anew with the next.
    ///   - fresh, keep: instead of new memory that systemd keeps.
    init(
        _ inherited: FDStoreMemory?, sealer: StoreSealer, boot: BootID?, fresh: FDStoreMemory? = nil, keep: (FDStoreMemory) -> Bool = { $0.store() }
    ) throws(SystemError) {
        self.sealer = sealer
        let beginning = Self.version + (boot?.bytes ?? .init(repeating: 0, count: BootID.length))
        if let inherited, inherited.bytes(beginning.count, at: 0) == beginning {
            (memory, isKept) = (inherited, true)
            readAll()
        } else {
            if let fresh { memory = fresh } else { memory = try FDStoreMemory(Self.name) }
            try memory.write(beginning, at: 0)
            isKept = keep(memory)
        }
    }

    /// What an earlier process left; once.
    func take() -> [KeptToken] {
        defer { found = [] }
        return found
    }

    /// There after a crash from the moment this returns, in place of what the key had. Without anybody who keeps it nothing is done.
    func put(_ token: KeptToken) throws(StoreFault) {
        guard isKept else { return }
        do { try replace(token) } catch {
            // the one before is spent: it must not come back either
            remove(token.key)
            throw StoreFault(of: error)
        }
    }

    private func replace(_ token: KeptToken) throws {
        let old = places[token.key.hashValue]
        let bytes = try sealed(token)
        guard let place = free.take((bytes.count + Self.unit - 1) / Self.unit) else {
            throw StoreFault("the memory that outlives the process is full", isFull: true)
        }
        do { try memory.write(bytes, at: Self.offset(place.lowerBound)) } catch {
            erase(place)
            throw error
        }
        places[token.key.hashValue] = Place(place)
        if let old { erase(old.units) }
    }

    func remove(_ key: CacheKey) {
        guard let place = places.removeValue(forKey: key.hashValue) else { return }
        erase(place.units)
    }

    private func sealed(_ token: KeptToken) throws -> [UInt8] {
        sequence += 1
        let content = try token.bytes()
        let plain = SecretBuffer(capacity: 8 + content.count)
        withUnsafeBytes(of: sequence.bigEndian) { plain.append($0) }
        plain.append(content)
        let sealed = try sealer.seal(plain.secret(), .token, of: token.key.token.description)
        return withUnsafeBytes(of: UInt32(sealed.count).bigEndian) { Array($0) } + sealed
    }

    /// Overwrites what was there. Pages of which nothing is used any more go back.
    private func erase(_ units: Range<Int>) {
        let whole = free.give(units)
        let first = max(Self.offset(whole.lowerBound), Self.offset(units.lowerBound) / Self.page * Self.page)
        let end = (Self.offset(units.upperBound) + Self.page - 1) / Self.page * Self.page
        memory.clear(first..<min(Self.offset(whole.upperBound), end))
    }

    private static func offset(_ unit: Int) -> Int { page + unit * Self.unit }

    // MARK: reading

    /// What opens, the newest of each key. Everything else is overwritten: nobody could use it.
    private func readAll() {
        var newest: [Int: (sequence: UInt64, place: Place, token: KeptToken, isOld: Bool)] = [:]
        var begin = 0
        let end = min((memory.size - Self.page + Self.unit - 1) / Self.unit, Self.units)
        while begin < end {
            guard let length = length(at: begin) else {
                begin += 1
                continue
            }
            let units = begin..<begin + (4 + length + Self.unit - 1) / Self.unit
            guard units.upperBound <= Self.units, let (sequence, token, isOld) = open(units.lowerBound, length), free.take(units) else {
                clear(begin)
                begin += 1
                continue
            }
            begin = units.upperBound
            let id = token.key.hashValue
            if let other = newest[id], other.sequence > sequence {
                erase(units)
            } else {
                if let other = newest[id] { erase(other.place.units) }
                newest[id] = (sequence, Place(units), token, isOld)
            }
        }
        places = newest.mapValues(\.place)
        found = newest.values.map(\.token)
        sequence = newest.values.map(\.sequence).max() ?? 0
        // the next start may no longer have the key that these were sealed with; one that finds no room stays as it is
        guard sealer.keys.present != nil else { return }
        for item in newest.values where item.isOld { try? replace(item.token) }
    }

    private func clear(_ unit: Int) { memory.clear(Self.offset(unit)..<Self.offset(unit + 1)) }

    /// `nil` where a unit is empty.
    private func length(at unit: Int) -> Int? {
        let length = memory.bytes(4, at: Self.offset(unit)).reduce(0) { $0 << 8 | Int($1) }
        return length == 0 ? nil : length
    }

    private func open(_ unit: Int, _ length: Int) -> (UInt64, KeptToken, isOld: Bool)? {
        guard length <= KeptToken.longest + 8 + StoreSealer.overhead else { return nil }
        let bytes = memory.bytes(length, at: Self.offset(unit) + 4)
        guard bytes.count == length else { return nil }
        return bytes.withUnsafeBytes { bytes in
            guard let name = StoreSealer.name(in: bytes), let opened = try? sealer.open(bytes, .token, of: name),
                let sequence = SealedMemory.sequence(opened.content), let token = try? KeptToken(bytes: opened.content[8..<opened.content.count]),
                token.key.token.description == name
            else { return nil }
            return (sequence, token, opened.isOld)
        }
    }
}

extension FDStoreMemory {
    /// As many bytes as there are, at most `count`.
    package func bytes(_ count: Int, at offset: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { room, filled in filled = read(into: UnsafeMutableRawBufferPointer(room), at: offset) }
    }

    package func write(_ bytes: [UInt8], at offset: Int) throws(SystemError) {
        try bytes.withUnsafeBytes { bytes in Result { () throws(SystemError) in try write(bytes, at: offset) } }.get()
    }
}
