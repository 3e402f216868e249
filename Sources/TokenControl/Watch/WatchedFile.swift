internal import Glibc
internal import Secrets

/// The file that holds the newest token. A reader finds a whole token or no file.
///
/// Its folder is looked up for each new token, because a service that restarts may get a new one. The one that the file was put into is held open: it
/// is removed there, whatever has become of the path.
final class WatchedFile {
    let path: String
    private let name: String
    private let mode: UInt32
    private let owner: FileOwner?
    /// What was put there: nobody else's file is ever removed.
    private var ours: (device: dev_t, number: ino_t)?
    private var home: HeldFolder?

    enum Removal {
        case removed
        /// There is none of ours.
        case absent
        /// It is still there; the reason is an errno.
        case failed(Int32)
    }

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
        (ours, home) = ((facts.st_dev, facts.st_ino), folder)
    }

    /// Puts a file with these bytes in the place of the old one, on the disk before it is seen.
    func replace(with token: Secret) throws(Failure) {
        let folder = try folder()
        let facts = try folder.put(token, as: name, mode: mode, owner: owner)
        (ours, home) = ((facts.st_dev, facts.st_ino), folder)
    }

    /// Whether what was put there is still there.
    var isThere: Bool { (try? folder()).map(isThere) ?? false }

    /// Removes it, if it is still the one that was put there.
    func remove() -> Removal {
        guard let home, isThere(in: home) else {
            (ours, self.home) = (nil, nil)
            return .absent
        }
        guard home.remove(name) else { return .failed(errno) }
        (ours, self.home) = (nil, nil)
        return .removed
    }

    private func isThere(in folder: HeldFolder) -> Bool {
        ours.flatMap { ours in folder.facts(name).map { ($0.st_dev, $0.st_ino) == ours } } ?? false
    }

    private func folder() throws(Failure) -> HeldFolder { try HeldFolder.split(path).folder }
}
