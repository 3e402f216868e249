internal import OpenSSL
internal import Secrets
internal import Systemd
internal import TokenLedger
internal import TokenWire

/// The sealed records of the daemon. All waiting for the disk is on one thread of its own; what became of a task comes back to the loop.
///
/// Jobs of one name are done in the order in which they came. Those of different names may share the syncing of the folder; each is reported
/// after it.
final class Store {
    private let room: StoreRoom
    private let mailbox: Mailbox<StoreMessage>
    /// What became of a task; on the loop.
    var reported: (StoreReport) -> Void = { _ in }
    /// What an operator should know and belongs to no task; on the loop.
    var noted: (String) -> Void = { _ in }
    private let keyNotes: [String]

    /// The store in a state folder whose lock is held, with its keys. Throws `ConfigurationRefused` for a key that is none, or `SystemError`.
    ///
    /// - Parameter key: what the configuration gives as `[store] key`.
    init(
        state: String, key: Secret?, sources: SecretSources, admitted: AdmittedMachines = .these([]), steps: StoreSteps = StoreSteps(), loop: Loop
    ) throws {
        let folder = try StoreFolder(state + "/grants", steps: steps)
        let isEmpty = try folder.names().allSatisfy { StoreFileName($0) == .stranger }
        let keys = try Self.keys(key, sources, SealingKeyFile(besideState: state, owner: sources.owner), mayMakeKey: isEmpty)
        keyNotes = keys.notes
        mailbox = try Mailbox()
        let sealer = StoreSealer(keys: keys, machine: MachineID(), admitted: admitted)
        room = try StoreRoom(RecordFiles(folder: folder, sealer: sealer, seed: randomUInt64()), mailbox)
        try mailbox.open(on: loop) { [unowned self] message in
            switch message {
            case .report(let report): reported(report)
            case .note(let text): noted(text)
            }
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

    /// All that is there, once and before the first task. Takes as long as the disk does, at the start alone. Records of an older key are then
    /// sealed anew in the background.
    func load() throws(SystemError) -> StoreContents {
        var contents = try WorkThread.result { [room] in Result { () throws(SystemError) in try room.load() } }.get()
        contents.notes = keyNotes + contents.notes
        return contents
    }

    func perform(_ task: StoreTask) { room.perform(task) }

    /// Waits until everything handed over is done; at the very end, when the loop turns no more. `nanoseconds` at most; false if more would
    /// have been needed.
    func drain(within nanoseconds: Int64) -> Bool { room.drain(within: nanoseconds) }
}

nonisolated enum StoreMessage: Sendable {
    case report(StoreReport)
    case note(String)
}
