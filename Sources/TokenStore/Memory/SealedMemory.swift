internal import Secrets
internal import Systemd
internal import TokenConfiguration
internal import TokenLedger

/// What outlives a restart without a disk: sealed entries in the memory that systemd keeps.
///
///     "tokendmm" │ version 4 │ slot size 4 │ zeros up to one page │ slots
///
/// Two slots belong to one entry and are written in turn, so that an entry that is half written leaves the one before. A slot is sealed like
/// a record: a sequence number (8 bytes), then the content. What is of another version is not touched: it is given up for a new memory.
final class SealedMemory {
    static let name = "memory"
    /// Room for the largest record. Memory is taken only for what is written.
    static let slot = 100 << 10
    private static let page = 4096
    private static let mostEntries = 16_384
    private static let beginning: [UInt8] = Array("tokendmm".utf8) + [0, 0, 0, 1] + withUnsafeBytes(of: UInt32(slot).bigEndian) { Array($0) }

    private struct Entry {
        var pair: Int
        /// 0 or 1: where the present content is.
        var side: Int
        var sequence: UInt64
    }

    private let memory: FDStoreMemory
    /// Somebody keeps it when this process ends.
    private var isKept = true
    private let sealer: StoreSealer
    private var entries: [String: Entry] = [:]
    private var free: Set<Int> = []
    /// Pairs that were ever used.
    private var pairs = 0

    /// - Parameter inherited: used if it is of this version, otherwise given up.
    init(_ inherited: FDStoreMemory?, sealer: StoreSealer) throws(SystemError) {
        self.sealer = sealer
        if let inherited, Self.isKnown(inherited) {
            memory = inherited
        } else {
            memory = try FDStoreMemory(Self.name)
            try Self.write(Self.beginning, at: 0, to: memory)
            isKept = memory.store()
        }
        pairs = max(memory.size - Self.page + 2 * Self.slot - 1, 0) / (2 * Self.slot)
        for pair in 0..<min(pairs, Self.mostEntries) { take(pair) }
    }

    /// There after a crash from the moment this returns. Replaces what the name had.
    func put(_ name: String, _ content: Secret) throws(StoreFault) {
        guard (1...StoreSealer.longestName).contains(name.utf8.count), content.count <= StoredRecord.longest else {
            throw StoreFault("\(quoted(name)) does not fit into the memory that outlives the process")
        }
        guard isKept else { throw StoreFault("there is no memory that outlives the process: nobody keeps it (FileDescriptorStoreMax=)") }
        let old = entries[name]
        var entry = Entry(pair: 0, side: 0, sequence: 1)
        if let old {
            entry = Entry(pair: old.pair, side: 1 - old.side, sequence: old.sequence + 1)
        } else {
            entry.pair = try freePair()
        }
        let plain = SecretBuffer(capacity: 8 + content.count)
        withUnsafeBytes(of: entry.sequence.bigEndian) { plain.append($0) }
        plain.append(content)
        do {
            let sealed = try sealer.seal(plain.secret(), .memory, of: name)
            try Self.write(sealed, at: Self.place(entry.pair, entry.side), to: memory)
        } catch {
            if old == nil { free.insert(entry.pair) }
            throw StoreFault(of: error)
        }
        entries[name] = entry
    }

    func remove(_ name: String) {
        guard let entry = entries.removeValue(forKey: name) else { return }
        memory.clear(Self.place(entry.pair, 0)..<Self.place(entry.pair + 1, 0))
        free.insert(entry.pair)
    }

    /// Every entry that opens.
    func all() -> [(name: String, content: Secret)] {
        entries.keys.sorted().compactMap { name in
            entries[name].flatMap { entry in read(entry.pair, entry.side).map { (name, $0.content) } }
        }
    }

    // MARK: slots

    /// The newer of the two slots that opens; where none does, and something is there, the pair is left alone.
    private func take(_ pair: Int) {
        let found = [0, 1].compactMap { side in read(pair, side).map { (side: side, slot: $0) } }
        guard let newest = found.max(by: { $0.slot.sequence < $1.slot.sequence }) else {
            if isEmpty(pair) { free.insert(pair) }
            return
        }
        // a name stands in one pair; a second one would be somebody else's
        guard entries[newest.slot.name] == nil else { return }
        entries[newest.slot.name] = Entry(pair: pair, side: newest.side, sequence: newest.slot.sequence)
    }

    private func isEmpty(_ pair: Int) -> Bool { [0, 1].allSatisfy { bytes(pair, $0, count: 16).allSatisfy { $0 == 0 } } }

    private func read(_ pair: Int, _ side: Int) -> (name: String, sequence: UInt64, content: Secret)? {
        let start = bytes(pair, side, count: 128)
        guard let name = start.withUnsafeBytes({ StoreSealer.name(in: $0) }) else { return nil }
        let plain = bytes(pair, side, count: Self.slot).withUnsafeBytes { bytes in (try? sealer.open(bytes, .memory, of: name))?.content }
        guard let plain, let sequence = Self.sequence(plain) else { return nil }
        return (name, sequence, plain[8..<plain.count])
    }

    /// The number before a sealed content; `nil` where there is none, or none that could be counted on from.
    static func sequence(_ plain: Secret) -> UInt64? {
        guard plain.count >= 8 else { return nil }
        let sequence = plain.withBytes { $0.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        return sequence <= UInt64(Int64.max) ? sequence : nil
    }

    private func freePair() throws(StoreFault) -> Int {
        if let pair = free.popFirst() { return pair }
        guard pairs < Self.mostEntries else { throw StoreFault("the memory that outlives the process is full", isFull: true) }
        defer { pairs += 1 }
        return pairs
    }

    private func bytes(_ pair: Int, _ side: Int, count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let read = bytes.withUnsafeMutableBytes { memory.read(into: $0, at: Self.place(pair, side)) }
        return Array(bytes[..<read])
    }

    private static func place(_ pair: Int, _ side: Int) -> Int { page + (2 * pair + side) * slot }

    private static func isKnown(_ memory: FDStoreMemory) -> Bool {
        var start = [UInt8](repeating: 0, count: beginning.count)
        return start.withUnsafeMutableBytes { memory.read(into: $0, at: 0) } == beginning.count && start == beginning
    }

    private static func write(_ bytes: [UInt8], at offset: Int, to memory: FDStoreMemory) throws(SystemError) {
        try bytes.withUnsafeBytes { bytes in Result { () throws(SystemError) in try memory.write(bytes, at: offset) } }.get()
    }
}
