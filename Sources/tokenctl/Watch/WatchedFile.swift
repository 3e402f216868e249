internal import Glibc
internal import Secrets

/// The file that holds the newest token. A reader finds a whole token or no file.
///
/// Its folder is looked up for each change, because a service that restarts may get a new one, and is held open during the change.
final class WatchedFile {
    let path: String
    private let name: String
    private let mode: UInt32
    private let owner: FileOwner?
    /// What was put there: nobody else's file is ever removed.
    private var ours: (device: dev_t, number: ino_t)?

    init(_ path: String, mode: UInt32, owner: FileOwner? = nil) {
        self.path = path
        name = HeldFolder.parts(path).name
        self.mode = mode
        self.owner = owner
    }

    /// Takes what an earlier run left there as ours. Fails where that is something else, or where no file can be put.
    func adopt() throws(Failure) {
        let folder = try folder()
        try folder.mustBeWritable()
        guard let facts = folder.facts(name) else { return }
        // a device, a link or a folder under this name is somebody's mistake, and would be lost
        guard facts.st_mode & S_IFMT == S_IFREG else { throw .unusable("\"\(path)\" is there and is not a regular file; name another one") }
        guard facts.st_size == 0 || folder.content(name, atMost: Secret.longestToken)?.isBearerToken == true else {
            throw .unusable("\"\(path)\" is there and holds something else than a token; name another file")
        }
        ours = (facts.st_dev, facts.st_ino)
    }

    /// Puts a file with these bytes in the place of the old one, on the disk before it is seen.
    func replace(with token: Secret) throws(Failure) {
        let facts = try folder().put(token, as: name, mode: mode, owner: owner)
        ours = (facts.st_dev, facts.st_ino)
    }

    /// Whether what was put there is still there.
    var isThere: Bool { (try? folder()).map(isThere) ?? false }

    /// Removes it, if it is still the one that was put there. Whether there was one.
    @discardableResult func remove() -> Bool {
        defer { ours = nil }
        guard let folder = try? folder() else { return false }
        return isThere(in: folder) && folder.remove(name)
    }

    private func isThere(in folder: HeldFolder) -> Bool {
        ours.flatMap { ours in folder.facts(name).map { ($0.st_dev, $0.st_ino) == ours } } ?? false
    }

    private func folder() throws(Failure) -> HeldFolder { try HeldFolder.split(path).folder }
}
