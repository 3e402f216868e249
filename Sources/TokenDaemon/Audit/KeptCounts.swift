internal import Glibc
internal import Systemd
internal import TokenAudit
internal import TokenLedger
internal import TokenStore

/// Decisions that are not in the journal yet, in memory that outlives the process, so that not even SIGKILL loses one. Counting costs one
/// store into mapped memory.
///
///     "tokendct" │ version 4 │ zeros up to one page │ a cell for each place of the tally │ an entry for each, in 512 bytes
///
/// A cell is a count, since when (CLOCK_BOOTTIME), and the length of the entry that says what was counted. The last cell is for what is left of
/// places that were given to others meanwhile.
final class KeptCounts {
    static let name = "counts"
    private static let beginning: [UInt8] = Array("tokendct".utf8) + [0, 0, 0, 1]
    private static let page = 4096
    static let places = AuditTally.mostKeys + AuditTally.mostOthers + 2
    static let longestEntry = 512
    private static let entries = (page + places * MemoryLayout<Cell>.stride + page - 1) / page * page

    struct Cell {
        var count: UInt64 = 0
        var since: Int64 = 0
        /// Of the slot that the entry belongs to.
        var generation: UInt32 = 0
        /// 0 is no entry.
        var length: UInt32 = 0
    }

    /// What an earlier process counted and did not tell.
    struct Leftover {
        var entry: AuditEntry
        var count: UInt64
        var since: Int64
    }

    private let memory: FDStoreMemory
    private let cells: UnsafeMutablePointer<Cell>
    /// The places that ever had an entry come before this one. To read the others would take memory for them.
    private var described = 0

    /// Empty memory of its own, which takes the place of what is there: `nil` where nobody keeps it. What was read from the earlier one is to
    /// be counted before that.
    init?(keeping leftovers: (KeptCounts) -> Void = { _ in }, in memory: FDStoreMemory? = nil, keep: (FDStoreMemory) -> Bool = { $0.store() }) {
        guard let memory = try? memory ?? FDStoreMemory(Self.name), let start = try? memory.map(Self.entries) else { return nil }
        self.memory = memory
        // memory of the kernel's that only cells are ever in, and a cell is nothing but integers
        cells = (start + Self.page).assumingMemoryBound(to: Cell.self)
        guard (try? memory.write(Self.beginning, at: 0)) != nil else { return nil }
        leftovers(self)
        guard keep(memory) else { return nil }
    }

    // MARK: counting

    @inline(__always)
    func count(_ slot: AuditSlot) { cells[slot.place].count &+= 1 }

    /// Counts decisions at a slot, and sees to it that the next process would know what they were.
    func count(_ slot: AuditSlot, _ entry: AuditEntry, by number: UInt64 = 1, since: Int64) {
        if cells[slot.place].generation != slot.generation || cells[slot.place].length == 0 { describe(slot, entry, since) }
        cells[slot.place].count &+= number
    }

    /// The journal has taken so many of a slot.
    func told(_ slot: AuditSlot, _ number: UInt64, now: Int64) {
        take(number, of: slot)
        cells[slot.place].since = now
    }

    /// What was counted at one slot is counted at another from now on.
    func move(_ summary: AuditSummary, to slot: AuditSlot, since: Int64) {
        guard (summary.slot.place, summary.slot.generation) != (slot.place, slot.generation) else { return }
        take(summary.count, of: summary.slot)
        count(slot, summary.entry, by: summary.count, since: since)
    }

    /// When nothing is counted any more: the pages of the entries go back.
    func forgetEntries() {
        guard described > 0 else { return }
        for place in 0..<described {
            leave(place)
            cells[place].length = 0
        }
        memory.clear(Self.entries..<Self.entries + described * Self.longestEntry)
        described = 0
    }

    /// Of the slot's place, or where that was given to others since, of what was left there.
    private func take(_ number: UInt64, of slot: AuditSlot) {
        var rest = number
        let places = cells[slot.place].generation <= slot.generation ? [slot.place, Self.places - 1] : [Self.places - 1]
        for place in places {
            let part = min(cells[place].count, rest)
            cells[place].count -= part
            rest -= part
        }
    }

    private func describe(_ slot: AuditSlot, _ entry: AuditEntry, _ since: Int64) {
        leave(slot.place)
        let bytes = entry.repeated.bytes(atMost: Self.longestEntry)
        let isWritten = (try? memory.write(bytes, at: Self.entries + slot.place * Self.longestEntry)) != nil
        cells[slot.place].generation = slot.generation
        cells[slot.place].since = since
        cells[slot.place].length = isWritten ? UInt32(bytes.count) : 0
        described = max(described, slot.place + 1)
    }

    /// What a place still counts of somebody before is nobody's in particular.
    private func leave(_ place: Int) {
        cells[Self.places - 1].count &+= cells[place].count
        cells[place].count = 0
    }

    // MARK: the next process

    /// What a cell may count: more than are ever counted between two summaries. All cells together stay far from the end of 64 bits.
    private static let most: UInt64 = 1 << 40

    static func leftovers(in memory: FDStoreMemory) -> [Leftover] {
        guard memory.bytes(beginning.count, at: 0) == beginning, let start = try? memory.map(entries) else { return [] }
        // as above, whatever an earlier process left there: any bytes are integers
        let cells = (start + page).assumingMemoryBound(to: Cell.self)
        return (0..<places).compactMap { place in
            let cell = cells[place]
            guard cell.count > 0 else { return nil }
            let bytes = memory.bytes(min(Int(cell.length), longestEntry), at: entries + place * longestEntry)
            // nothing seals a cell, so its numbers are brought into the range that some process could have counted
            let since = min(max(cell.since, Moment.bootTimes.lowerBound), Moment.bootTimes.upperBound)
            return Leftover(entry: AuditEntry(bytes: bytes) ?? .ofOthers, count: min(cell.count, most), since: since)
        }
    }
}
