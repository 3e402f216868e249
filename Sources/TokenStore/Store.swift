internal import OpenSSL
package import Secrets
package import Systemd
package import Threads
package import TokenConfiguration
package import TokenLedger
internal import TokenWire

/// The sealed records of the daemon. All waiting for the disk is on one thread of its own; what became of a task comes back in `messages`.
///
/// Jobs of one name are done in the order in which they came. Those of different names may share the syncing of the folder; each is reported
/// after it.
package final class Store {
    private let room: StoreRoom
    /// What the store's thread reports. Whoever owns the store opens it on the loop and hands each message to `receive`.
    package let messages: Mailbox<StoreMessage>
    private let memory: SealedMemory
    private let tokens: TokenMemory
    /// Access tokens are not kept, for this reason; said once.
    private var tokenFault: StoreFault?
    /// What became of a task; on the loop.
    package var reported: (StoreReport) -> Void = { _ in }
    /// What an operator should know and belongs to no task; on the loop.
    package var noted: (String) -> Void = { _ in }
    private let keyNotes: [String]
    /// Records that are under way to the disk, by task, and those of them that are in the memory too.
    private var committing: [UInt64: (name: TokenName, generation: UInt64)] = [:]
    private var kept: [TokenName: UInt64] = [:]

    /// The store in a state folder whose lock is held, with its keys. Throws `ConfigurationRefused` for a key that is none, or `SystemError`.
    ///
    /// - Parameters:
    ///   - key: what the configuration gives as `[store] key`.
    ///   - memory, tokens: instead of those that systemd keeps.
    package init(
        state: String, key: Secret?, sources: SecretSources, admitted: AdmittedMachines = .these([]), steps: StoreSteps = StoreSteps(),
        memory: FDStoreMemory? = .inherited(SealedMemory.name), tokens: FDStoreMemory? = .inherited(TokenMemory.name)
    ) throws {
        let folder = try StoreFolder(state + "/grants", steps: steps)
        let isEmpty = try folder.names().allSatisfy { StoreFileName($0) == .stranger }
        let keys = try Self.keys(key, sources, SealingKeyFile(besideState: state, owner: sources.owner), mayMakeKey: isEmpty)
        keyNotes = keys.notes
        messages = try .forLoop()
        let sealer = StoreSealer(keys: keys, machine: MachineID(), admitted: admitted)
        self.memory = try SealedMemory(memory, sealer: sealer)
        self.tokens = try TokenMemory(tokens, sealer: sealer, boot: BootID())
        room = try StoreRoom(RecordFiles(folder: folder, sealer: sealer, seed: randomUInt64()), messages)
    }

    package func receive(_ message: StoreMessage) {
        switch message {
        case .report(let report): ended(report)
        case .note(let text): noted(text)
        }
    }

    private static func keys(
        _ configured: Secret?, _ sources: SecretSources, _ file: SealingKeyFile, mayMakeKey: Bool
    ) throws(ConfigurationRefused) -> SealingKeys {
        do throws(Complaint) {
            return try SealingKeys(configured: configured, sources: sources, file: file, mayMakeKey: mayMakeKey)
        } catch {
            throw ConfigurationRefused(report: [error.text])
        }
    }

    /// All that is there, once and before the first task. Takes as long as the disk does, at the start alone. A successor that only the memory
    /// holds is found too, for whoever has it written; records of an older key are sealed anew in the background.
    package func load() throws(SystemError) -> StoreContents {
        var contents = try WorkThread.result { [room] in Result { () throws(SystemError) in try room.load() } }.get()
        contents.notes = keyNotes + contents.notes
        for record in keptRecords() { resume(record, &contents) }
        return contents
    }

    package func perform(_ task: StoreTask) {
        switch task.job {
        case .commit(let record), .replace(let record): committing[task.id] = (record.name, record.generation)
        case .prepare, .withdraw, .writeRevocation, .removeRevocation: break
        case .remember(let record):
            let result = Result { () throws(StoreFault) in try keep(record) }
            messages.send(.report(StoreReport(id: task.id, result: result)))
            return
        }
        room.perform(task)
    }

    /// Waits until everything handed over is done, and reports it; at the very end, when the loop turns no more. `nanoseconds` at most; false if
    /// more would have been needed.
    package func drain(within nanoseconds: Int64) -> Bool {
        let isDone = room.drain(within: nanoseconds)
        for message in messages.take().messages { receive(message) }
        return isDone
    }

    private func ended(_ report: StoreReport) {
        if let (name, generation) = committing.removeValue(forKey: report.id), case .success = report.result, let held = kept[name], held <= generation {
            forget(name)
        }
        reported(report)
    }

    // MARK: what the disk is slow to take

    /// A successor that is not on the disk in time is safe from a crash of the daemon from now on: what came with it may be used. Its commit
    /// goes on, and ends this.
    func keep(_ record: StoredRecord) throws(StoreFault) {
        do {
            try memory.put(Self.prefix + record.name.description, try record.bytes())
        } catch {
            throw StoreFault(of: error)
        }
        kept[record.name] = record.generation
    }

    private static let prefix = "record:"

    private func keptRecords() -> [StoredRecord] {
        memory.all().compactMap { name, content in name.hasPrefix(Self.prefix) ? try? StoredRecord(bytes: content) : nil }
    }

    // MARK: access tokens

    /// What an earlier process held when it ended; once.
    package func takeTokens() -> [KeptToken] { tokens.take() }

    /// Keeps a token for the next process, or (`nil`) what was kept under this key no longer. One that cannot be kept is asked for again then.
    package func keep(_ token: KeptToken?, of key: CacheKey) {
        guard let token else { return tokens.remove(key) }
        do throws(StoreFault) {
            try tokens.put(token)
        } catch {
            guard tokenFault != error else { return }
            tokenFault = error
            noted("an access token of \"\(key.token)\" will not outlive this process: \(error)")
        }
    }

    private func forget(_ name: TokenName) {
        memory.remove(Self.prefix + name.description)
        kept[name] = nil
    }

    private func resume(_ record: StoredRecord, _ contents: inout StoreContents) {
        let place = contents.found.firstIndex { $0.name == record.name }
        switch place.map({ contents.found[$0] }) {
        case .record(let present, _)?, .unsynced(let present)?:
            // of an older sign-in nothing takes the place of a newer one
            guard (present.grant, present.generation) < (record.grant, record.generation) else { return memory.remove(Self.prefix + record.name.description) }
        case .locked?, .revocation?, nil: break
        }
        if let place { contents.found[place] = .unsynced(record) } else { contents.found.append(.unsynced(record)) }
        contents.notes.append("the last renewal of \"\(record.name)\" was in memory only; it is written to the disk now")
        kept[record.name] = record.generation
    }
}

package enum StoreMessage: Sendable {
    case report(StoreReport)
    case note(String)
}

extension Found {
    /// Whose record it is.
    fileprivate var name: TokenName? {
        switch self {
        case .record(let record, _), .unsynced(let record): record.name
        case .locked(let name, _): name
        case .revocation: nil
        }
    }
}
