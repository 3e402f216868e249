internal import CShims
internal import Glibc
internal import Secrets

/// The file that holds the newest token. A reader finds a whole token or no file.
final class WatchedFile {
    let path: String
    private let mode: UInt32
    private let owner: FileOwner?
    /// What was put there: nobody else's file is ever removed.
    private var ours: (device: dev_t, number: ino_t)?

    init(_ path: String, mode: UInt32, owner: FileOwner? = nil) {
        self.path = path
        self.mode = mode
        self.owner = owner
    }

    /// Takes what an earlier run left there as ours. Fails where that is something else, or where no file can be put.
    func adopt() throws(Failure) {
        guard access(parts.folder, W_OK | X_OK) == 0 else { throw .file(path, errno) }
        guard let facts else { return }
        // a device, a link or a folder under this name is somebody's mistake, and would be lost
        guard facts.st_mode & S_IFMT == S_IFREG else { throw .unusable("\"\(path)\" is there and is not a regular file; name another one") }
        guard facts.st_size == 0 || holdsToken else { throw .unusable("\"\(path)\" is there and holds something else than a token; name another file") }
        ours = (facts.st_dev, facts.st_ino)
    }

    /// Whether there is a token in it, and nothing else.
    private var holdsToken: Bool {
        (try? Secret.content(of: path, atMost: Secret.longestToken, flags: O_NOFOLLOW | O_NONBLOCK).get())?.isBearerToken == true
    }

    /// Puts a file with these bytes in the place of the old one, on the disk before it is seen.
    func replace(with token: Secret) throws(Failure) {
        let (folder, name) = parts
        let beside = "\(folder)/.\(name).new"
        unlink(beside)
        let descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .file(path, errno) }
        defer { close(descriptor) }
        var facts = stat()
        // mode and owner before the first byte, and whatever the umask says; the mode first, while it is still ours
        var isWhole = fchmod(descriptor, mode_t(mode)) == 0 && isGiven(descriptor) && fstat(descriptor, &facts) == 0
        if isWhole {
            let written = token.withBytes { bytes in bytes.baseAddress.map { tokend_write_all(descriptor, $0, bytes.count) } ?? 0 }
            if written < 0 { errno = -written }
            isWhole = written == 0 && fsync(descriptor) == 0 && rename(beside, path) == 0
        }
        guard isWhole else {
            let error = errno
            unlink(beside)
            throw .file(path, error)
        }
        ours = (facts.st_dev, facts.st_ino)
        syncFolder(folder)
    }

    /// Whether what was put there is still there.
    var isThere: Bool { ours.flatMap { ours in facts.map { ($0.st_dev, $0.st_ino) == ours } } ?? false }

    /// Removes it, if it is still the one that was put there. Whether there was one.
    @discardableResult func remove() -> Bool {
        defer { ours = nil }
        return isThere && unlink(path) == 0
    }

    private func isGiven(_ descriptor: Int32) -> Bool {
        guard let owner else { return true }
        return fchown(descriptor, owner.uid ?? uid_t.max, owner.gid ?? gid_t.max) == 0
    }

    private var facts: stat? {
        var facts = stat()
        return lstat(path, &facts) == 0 ? facts : nil
    }

    private var parts: (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    private func syncFolder(_ folder: String) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
