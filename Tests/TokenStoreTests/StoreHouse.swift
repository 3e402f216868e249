import Glibc
import OpenSSL
import Secrets
import Systemd
import TestSupport
import Testing
import TokenConfiguration
import TokenLedger
import TokenWire
@testable import TokenStore

/// A state folder on disk with the records in it, and what a start would find there.
struct StoreHouse {
    let folder: TemporaryFolder
    var state: String { folder.path("tokend") }
    var grants: String { state + "/grants" }
    var sources: SecretSources

    static let name = TokenName("portal.user")!
    static let key = Secret("an old key of thirty-two bytes..")
    static let machine = MachineID(0..<16)!

    init() throws {
        folder = try TemporaryFolder()
        sources = SecretSources(credentialsDirectory: folder.path("credentials"), owner: geteuid())
        for path in [state, folder.path("credentials")] { try #require(mkdir(path, 0o700) == 0) }
    }

    /// The records as the store's thread sees them, with a key and a machine that are always the same.
    func files(
        _ steps: StoreSteps = .undisturbed, keys: SealingKeys? = nil, machine: MachineID? = Self.machine, admitted: AdmittedMachines = .these([]),
        in folder: String? = nil
    ) throws -> RecordFiles {
        let keys = try keys ?? SealingKeys(present: SealingKey(Self.key))
        return RecordFiles(
            folder: try StoreFolder(folder ?? grants, steps: steps), sealer: StoreSealer(keys: keys, machine: machine, admitted: admitted), seed: 0x10)
    }

    static func record(
        _ generation: UInt64, of name: TokenName = name, secret: String = "the-refresh-token", idToken: Secret? = nil
    ) -> StoredRecord {
        StoredRecord(
            name: name, kind: .refresh,
            binding: RecordBinding(server: "https://demodb.my.erp.net/id", clientID: "portal", grant: "authorization_code", subject: "alice"),
            generation: generation, grant: 1, secret: Secret("\(secret)-\(generation)"), idToken: idToken, scopes: ["read"], signedIn: 1_790_000_000,
            rotated: 1_790_000_000 + Int64(generation))
    }

    static func intent(_ generation: UInt64, attempt: Int = 1) -> Intent {
        Intent(
            grant: 1, generation: generation, attempt: attempt, token: Fingerprint(of: record(generation).secret), sent: 1_790_000_100)
    }

    /// Memory of this version without entries, as a daemon before left it.
    static func memory() throws -> FDStoreMemory {
        let memory = try FDStoreMemory("test")
        let beginning = Array("tokendmm".utf8) + [0, 0, 0, 1] + withUnsafeBytes(of: UInt32(SealedMemory.slot).bigEndian) { Array($0) }
        try beginning.withUnsafeBytes { try memory.write($0, at: 0) }
        return memory
    }

    // MARK: what is on the disk

    func write(credential id: String, _ content: Secret) throws {
        try content.withBytes { try Self.write(folder.path("credentials") + "/\(id)", Array($0), mode: 0o400) }
    }

    func names(in folder: String? = nil) throws -> [String] { try StoreFolder(folder ?? grants, steps: .undisturbed).names().sorted() }

    func content(_ file: String) -> [UInt8] { Self.content(grants + "/" + file) }

    static func content(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        return Array(bytes[..<fread(&bytes, 1, bytes.count, file)])
    }

    func write(_ file: String, _ bytes: [UInt8]) throws { try Self.write(grants + "/" + file, bytes) }

    static func write(_ path: String, _ bytes: [UInt8], mode: mode_t = 0o600) throws {
        unlink(path)
        let file = try #require(fopen(path, "w"))
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
        try #require(chmod(path, mode) == 0)
    }

    func mode(_ path: String) -> UInt32 {
        var facts = stat()
        return lstat(path, &facts) == 0 ? facts.st_mode & 0o7777 : 0
    }
}

extension RecordFiles {
    /// A job, and the sync of the folder that ends it.
    @discardableResult
    mutating func carryOut(_ job: StoreJob) throws(StoreFault) -> String? {
        let note = try perform(job, at: 1_790_000_500)
        try sync(after: [job])
        return note
    }

    /// What a start would find.
    mutating func found() throws -> [FoundText] { try load(at: 1_790_000_500).found.map { FoundText($0) } }
}

/// What was found, as a text that can be compared.
struct FoundText: Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
    let description: String

    init(stringLiteral text: String) { description = text }

    /// `portal.user 5`, `portal.user 5 sent 1`, `portal.user locked: it is damaged`
    init(_ found: Found) {
        description =
            switch found {
            case .record(let record, nil): "\(record.name) \(record.generation)"
            case .record(let record, let intent?): "\(record.name) \(record.generation) sent \(intent.attempt)"
            case .unsynced(let record): "\(record.name) \(record.generation) unsynced"
            case .locked(let name, let reason): "\(name) locked: \(reason)"
            case .revocation(let revocation): "\(revocation.name) to revoke \(revocation.id)"
            }
    }
}

#if FAULTS
extension StoreSteps {
    /// With the faults of a wish as in `TOKEND_FAULT`.
    static func faulty(_ wish: String, observer: @escaping @Sendable (Step) -> Void = { _ in }) throws -> StoreSteps {
        let plan: FaultPlan = try #require(FaultPlan(wish, observer: observer))
        return StoreSteps(plan)
    }
}
#endif
