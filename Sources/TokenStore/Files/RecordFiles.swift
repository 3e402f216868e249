internal import Secrets
internal import Systemd
internal import TokenLedger
internal import TokenWire

/// The records on the disk.
///
/// A file has two parts. The first block holds the intent, or zeros; behind it lies the sealed record. So the file that was made before a
/// refresh token was sent, with room for the largest successor, becomes the record by being filled and renamed: a disk that is full says so
/// before anything is spent.
///
///     NAME              the record; its first block no longer matters
///     NAME.next         the intent, and room for the successor: there is none in it, a part of one, or a whole one
///     .NAME.…           a file before it gets one of these names
///     NAME.locked-…     a record that could not be opened, and was replaced
///     NAME.revoke-…     a refresh token that is to be revoked, sealed from the first byte on
///
/// What a function says is done is durable but for the folder: `sync` ends a batch of jobs.
struct RecordFiles: Sendable {
    static let block = 4096
    /// Of the largest record, sealed, and its intent.
    static let room = block + StoredRecord.longest + StoreSealer.overhead

    let folder: StoreFolder
    let sealer: StoreSealer
    /// Records that are there and cannot be opened, and why.
    var locked: [TokenName: String] = [:]
    /// Whose `.next` was written to once: it is not written again, and not synced again.
    var spoiled: Set<TokenName> = []
    /// Files of earlier attempts. One of them may be the only durable copy of a successor, until a better one is there.
    var leftovers: [TokenName: [String]] = [:]
    /// Which record those of them hold that are whole and synced.
    private var synced: [String: StoredRecord] = [:]
    private var asides: [TokenName: Aside] = [:]
    /// Revocations that were sealed with an older key.
    var oldRevocations: [TokenName: [Revocation]] = [:]
    private var lastNumber: UInt64
    /// The record of the present job lies whole in a file that a start reads: whatever fails now, it may be found there.
    private var isWhole = false

    init(folder: StoreFolder, sealer: StoreSealer, seed: UInt64) {
        self.folder = folder
        self.sealer = sealer
        lastNumber = seed
    }

    /// Does a job but for the syncing of the folder. What the operator should know beside it, if anything. `second` is since the epoch.
    mutating func perform(_ job: StoreJob, at second: Int64) throws(StoreFault) -> String? {
        isWhole = false
        do {
            switch job {
            case .prepare(let name, let intent):
                try mustNotBeLocked(name)
                try prepare(name, try sealed(intent, of: name))
                return nil
            case .withdraw(let name):
                try mustNotBeLocked(name)
                try withdraw(name)
                return nil
            case .commit(let record):
                try mustNotBeLocked(record.name)
                return try commit(record, try sealed(record))
            case .replace(let record):
                let bytes = try sealed(record)
                try moveAside(record.name, at: second)
                let trouble = try commit(record, bytes)
                return endAside(record.name) ?? trouble
            case .remember:
                // for the memory, which is not here
                return nil
            case .writeRevocation(let revocation):
                try write(revocation)
                return nil
            case .removeRevocation(let key):
                oldRevocations[key.name]?.removeAll { $0.key == key }
                try folder.remove(key.file)
                return nil
            }
        } catch {
            throw StoreFault(of: error, mayBeThere: isWhole)
        }
    }

    /// What the jobs made, renamed and removed is durable.
    func sync(after jobs: [StoreJob]) throws(StoreFault) {
        do throws(SystemError) { try folder.sync() } catch { throw StoreFault(of: error, mayBeThere: true) }
        for job in jobs {
            switch job {
            case .prepare: folder.steps.reached(.intentFolderSynced)
            case .withdraw: folder.steps.reached(.withdrawnFolderSynced)
            case .remember, .writeRevocation, .removeRevocation: break
            case .commit, .replace: folder.steps.reached(.successorFolderSynced)
            }
        }
    }

    // MARK: intents

    /// The old intent, if there is one, is there until the new one has taken its place: a replay stays counted.
    mutating func prepare(_ name: TokenName, _ intent: [UInt8]) throws {
        let (fresh, file) = try createFresh(name)
        folder.steps.reached(.intentCreated)
        do {
            try file.allocate(Self.room)
            folder.steps.reached(.intentAllocated)
            try file.write(intent, at: 0)
            folder.steps.reached(.intentWritten)
            try file.sync()
            folder.steps.reached(.intentSynced)
            try folder.rename(fresh, to: name.nextFile)
        } catch {
            try? folder.remove(fresh)
            throw error
        }
        spoiled.remove(name)
        folder.steps.reached(.intentRenamed)
    }

    private mutating func withdraw(_ name: TokenName) throws {
        try folder.remove(name.nextFile)
        try removeLeftovers(of: name)
        folder.steps.reached(.withdrawn)
    }

    // MARK: records

    /// Into the room that the intent holds; where there is none, or it fails, into a new file.
    private mutating func commit(_ record: StoredRecord, _ bytes: [UInt8]) throws -> String? {
        let name = record.name
        var trouble: String?
        if !spoiled.contains(name), let file = try? folder.open(name.nextFile, forWriting: true) {
            // whatever comes of it: what may be a durable successor is never written over
            spoiled.insert(name)
            do {
                try fill(file, bytes)
                try take(name.nextFile, for: name)
                return nil
            } catch {
                trouble = "\(StoreFault(of: error)); '\(folder.shown(name.recordFile))' was written anew"
            }
        }
        try take(try writeFresh(record, bytes), for: name)
        return trouble
    }

    private mutating func fill(_ file: StoreFile, _ record: [UInt8]) throws {
        try file.write(record, at: Self.block)
        isWhole = true
        try file.truncate(Self.block + record.count)
        folder.steps.reached(.successorWritten)
        try file.sync()
        folder.steps.reached(.successorSynced)
    }

    /// A new file with the record, synced; its name. The one of an attempt that got as far needs only be renamed.
    mutating func writeFresh(_ record: StoredRecord, _ bytes: [UInt8]) throws -> String {
        let name = record.name
        if let last = leftovers[name]?.last, synced[last] == record, folder.exists(last) {
            isWhole = true
            return last
        }
        let (fresh, file) = try createFresh(name)
        do {
            try fill(file, bytes)
        } catch {
            try? folder.remove(fresh)
            throw error
        }
        leftovers[name, default: []].append(fresh)
        synced[fresh] = record
        return fresh
    }

    /// The file becomes the record, and everything else of that name goes.
    mutating func take(_ file: String, for name: TokenName) throws {
        try folder.rename(file, to: name.recordFile)
        folder.steps.reached(.successorRenamed)
        leftovers[name]?.removeAll { $0 == file }
        synced[file] = nil
        // what could not be opened has its second name alone from now on
        locked[name] = nil
        if file != name.nextFile { try folder.remove(name.nextFile) }
        spoiled.remove(name)
        try removeLeftovers(of: name)
    }

    private mutating func removeLeftovers(of name: TokenName) throws {
        for file in leftovers.removeValue(forKey: name) ?? [] {
            synced[file] = nil
            try folder.remove(file)
        }
    }

    // MARK: revocations

    /// Into a file of its own, which takes the place of one with the same secret.
    mutating func write(_ revocation: Revocation) throws {
        let bytes = try sealer.seal(try revocation.bytes(), .revocation, of: revocation.key.file)
        let (fresh, file) = try createFresh(revocation.name)
        do {
            try file.write(bytes, at: 0)
            try file.sync()
            try folder.rename(fresh, to: revocation.key.file)
        } catch {
            try? folder.remove(fresh)
            throw error
        }
    }

    // MARK: records that cannot be opened

    private func mustNotBeLocked(_ name: TokenName) throws(StoreFault) {
        if let reason = locked[name] { throw StoreFault("'\(folder.shown(name.recordFile))' is left as it is: \(reason)") }
    }

    /// What has a second name already while the record in its place is still to come.
    private struct Aside {
        var reason: String
        /// Of files of this name: the second one.
        var names: [String: String] = [:]
    }

    /// Gives what cannot be opened a second name, under which it stays: one, however often the record in its place is tried.
    mutating func moveAside(_ name: TokenName, at second: Int64) throws {
        guard let reason = locked[name] else { return }
        for file in [name.recordFile, name.nextFile] where folder.exists(file) {
            // a record is never without its name in between; an intent that cannot be opened must not take the new record in
            if asides[name]?.names[file] == nil {
                var aside = "\(file).locked-\(second)"
                while try !folder.link(file, as: aside) { aside += "+" }
                asides[name, default: Aside(reason: reason)].names[file] = aside
            }
            if file == name.nextFile { try folder.remove(file) }
        }
        folder.steps.reached(.movedAside)
    }

    /// The new record is in its place: what the operator should know of the one that was.
    mutating func endAside(_ name: TokenName) -> String? {
        guard let aside = asides.removeValue(forKey: name) else { return nil }
        let kept = aside.names.values.sorted().map { "'\(folder.shown($0))'" }
        return "kept as \(kept.joined(separator: " and ")) what could not be opened: \(aside.reason)"
    }

    // MARK: bytes

    func sealed(_ record: StoredRecord) throws -> [UInt8] { try sealer.seal(try record.bytes(), .record, of: record.name.description) }

    func sealed(_ intent: Intent, of name: TokenName) throws -> [UInt8] { try sealer.seal(try intent.bytes(), .intent, of: name.description) }

    /// A file of a name that was not there: what is there may be worth something.
    private mutating func createFresh(_ name: TokenName) throws -> (String, StoreFile) {
        while true {
            lastNumber &+= 1
            let fresh = name.freshFile(lastNumber)
            if let file = try folder.create(fresh) { return (fresh, file) }
        }
    }
}

extension StoreFault {
    /// As whoever reads the journal should see it.
    init(of error: any Error, mayBeThere: Bool = false) {
        switch error {
        case let fault as StoreFault: self = fault
        case let error as SystemError: self.init("\(error)", isFull: error.isFull)
        case let damage as RecordDamage: self.init("cannot keep a record: \(damage)")
        default: self.init("cannot write a record")
        }
        self.mayBeThere = mayBeThere
    }
}
