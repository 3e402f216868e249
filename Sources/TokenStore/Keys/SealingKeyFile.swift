internal import Glibc
internal import OpenSSL
internal import Secrets
internal import Systemd
internal import TokenConfiguration
internal import TokenLedger

/// The key that the daemon makes for itself where no other is given: 32 bytes in a folder of their own, so that a copy of the store alone does
/// not carry it.
struct SealingKeyFile: Sendable {
    private let folder: String
    private let owner: UInt32
    private static let name = "key"

    var path: String { "\(folder)/\(Self.name)" }

    /// For the store in the state folder DIR it is DIR-key (systemd: the second `StateDirectory=`).
    init(besideState state: String, owner: UInt32) {
        var state = state
        while state.count > 1, state.hasSuffix("/") { state.removeLast() }
        folder = state + "-key"
        self.owner = owner
    }

    /// `nil` if there is none.
    func read() throws(Complaint) -> SealingKey? {
        guard access(path, F_OK) == 0 || ![ENOENT, ENOTDIR].contains(errno) else { return nil }
        let file = try OpenedFile(path, followsLinks: false)
        try file.mustBelong(to: owner)
        guard file.mode & 0o077 == 0 else {
            throw Complaint("\(file.shown) has mode \(file.shownMode), so others can read the key of the store; chmod 0600 it")
        }
        return try SealingKeys.key(try file.content(atMost: SealingKeyText.longest), of: file.shown)
    }

    /// Durable before anything is sealed with it: a record whose key was lost would be lost too.
    func make() throws(Complaint) -> SealingKey {
        let bytes = Secret(random: SealingKey.length)
        let key = try sealingKey(bytes)
        do throws(SystemError) {
            let folder = try StoreFolder(folder, steps: .undisturbed)
            let fresh = ".\(Self.name).new"
            try folder.remove(fresh)
            guard let file = try folder.create(fresh) else { throw SystemError("cannot create '\(folder.shown(fresh))'", errno: EEXIST) }
            try bytes.withBytes { bytes in Result { () throws(SystemError) in try file.write(bytes, at: 0) } }.get()
            try file.sync()
            try folder.rename(fresh, to: Self.name)
            try folder.sync()
            try folder.syncParent()
        } catch {
            throw Complaint("cannot make a key for the store: \(error)")
        }
        return key
    }
}
