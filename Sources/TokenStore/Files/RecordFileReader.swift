internal import Glibc
internal import Secrets
internal import Systemd
internal import TokenConfiguration
internal import TokenLedger
internal import TokenWire

/// Reads files of the store, whatever is in them.
final class RecordFileReader {
    enum Part<Value> {
        case nothing
        /// It is there and cannot be used; why, in a sentence that says "it" for the file.
        case unreadable(String)
        case whole(Value)
    }

    struct Whole {
        var record: StoredRecord
        /// As it lies in the file.
        var sealed: [UInt8]
        var isOld: Bool
    }

    struct Reading {
        var record = Part<Whole>.nothing
        var intent = Part<Intent>.nothing
        var isIntentOld = false
        /// Seconds since the epoch.
        var modified: Int64 = 0
    }

    private let folder: StoreFolder
    private let sealer: StoreSealer
    /// What was not as it should be and is again.
    private(set) var notes: [String] = []
    // what is read is sealed: it needs no overwriting
    private var room = [UInt8](repeating: 0, count: RecordFiles.room + 1)

    init(folder: StoreFolder, sealer: StoreSealer) {
        self.folder = folder
        self.sealer = sealer
    }

    /// - Parameter hasIntent: whether the first block matters.
    func read(_ file: String, of name: TokenName, hasIntent: Bool) -> Reading {
        var reading = Reading()
        do {
            guard let opened = try folder.open(file) else { return reading }
            let facts = try opened.facts()
            reading.modified = facts.modified
            try look(at: facts, of: opened, file)
            let first = hasIntent ? 0 : RecordFiles.block
            let sealer = sealer
            try room.withUnsafeMutableBytes { room in
                let count = try opened.read(into: UnsafeMutableRawBufferPointer(rebasing: room[first...]), at: first)
                let bytes = UnsafeRawBufferPointer(rebasing: room[first..<first + count])
                let behind = bytes.dropFirst(RecordFiles.block - first)
                reading.record = Self.record(UnsafeRawBufferPointer(rebasing: behind), of: name, sealer)
                guard hasIntent else { return }
                (reading.intent, reading.isIntentOld) = Self.intent(
                    UnsafeRawBufferPointer(rebasing: bytes.prefix(RecordFiles.block)), of: name, sealer)
            }
            // a file that was renamed or made has a record; only the room beside an intent may be empty
            if !hasIntent, case .nothing = reading.record { reading.record = .unreadable("it is empty") }
            if hasIntent, case .nothing = reading.intent { reading.intent = .unreadable("it is empty") }
        } catch {
            let reason = (error as? StoreSealer.Refusal)?.reason ?? StoreFault(of: error).text
            reading.record = .unreadable(reason)
            if hasIntent { reading.intent = .unreadable(reason) }
        }
        return reading
    }

    /// Of a file with a revocation, which has nothing before it.
    func revocation(_ key: RevocationKey) -> Part<(revocation: Revocation, isOld: Bool)> {
        do {
            guard let opened = try folder.open(key.file) else { return .nothing }
            try look(at: try opened.facts(), of: opened, key.file)
            let sealer = sealer
            return try room.withUnsafeMutableBytes { room in
                let count = try opened.read(into: room, at: 0)
                guard let found = try sealer.open(UnsafeRawBufferPointer(rebasing: room[..<count]), .revocation, of: key.file) else {
                    return .unreadable("it is empty")
                }
                let revocation = try Revocation(bytes: found.content)
                guard revocation.key == key else { return .unreadable("it is of \(quoted(revocation.name.description))") }
                return .whole((revocation, found.isOld))
            }
        } catch {
            return .unreadable(Self.reason(error))
        }
    }

    private func look(at facts: StoreFile.Facts, of opened: StoreFile, _ file: String) throws {
        guard facts.isRegular else { throw StoreSealer.Refusal(reason: "it is not a regular file") }
        guard facts.owner == geteuid() else {
            throw StoreSealer.Refusal(reason: "it belongs to uid \(facts.owner); chown it to the daemon (uid \(geteuid()))")
        }
        guard facts.size <= RecordFiles.room else { throw StoreSealer.Refusal(reason: "it is longer than any record may be") }
        guard facts.mode & 0o077 != 0 else { return }
        try opened.setMode(0o600)
        notes.append("'\(folder.shown(file))' had mode \(octal(facts.mode)), so others could read it; it has mode 0600 again")
    }

    private static func record(_ bytes: UnsafeRawBufferPointer, of name: TokenName, _ sealer: StoreSealer) -> Part<Whole> {
        do {
            guard let opened = try sealer.open(bytes, .record, of: name.description) else { return .nothing }
            let record = try StoredRecord(bytes: opened.content)
            guard record.name == name else { return .unreadable("it is the record of \(quoted(record.name.description))") }
            return .whole(Whole(record: record, sealed: Array(bytes), isOld: opened.isOld))
        } catch {
            return .unreadable(reason(error))
        }
    }

    private static func intent(_ bytes: UnsafeRawBufferPointer, of name: TokenName, _ sealer: StoreSealer) -> (Part<Intent>, isOld: Bool) {
        do {
            guard let opened = try sealer.open(bytes, .intent, of: name.description) else { return (.nothing, false) }
            return (.whole(try Intent(bytes: opened.content)), opened.isOld)
        } catch {
            return (.unreadable(reason(error)), false)
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let refusal as StoreSealer.Refusal: refusal.reason
        case let damage as RecordDamage: damage.description
        case let error as SystemError: error.description
        default: "it cannot be opened"
        }
    }
}
