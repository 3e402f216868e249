internal import CShims
internal import Glibc
internal import Secrets

/// A folder that is held open while files in it are made, renamed or removed. They are named relative to it, so that all of it happens in one folder,
/// whatever its path leads to meanwhile.
final class HeldFolder {
    private let path: String
    private let descriptor: Int32

    /// Opens it. Root is refused a folder that another user could put a link into or in place of (path_resolution(7)).
    ///
    /// - Parameter file: what is to be written in it, for the failure; the folder itself without it.
    init(_ path: String, for file: String? = nil) throws(Failure) {
        let (result, reason) = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(TOKEND_LONGEST_REASON)) { room in
            guard let base = room.baseAddress else { return (-ENOMEM, "") }
            return (tokend_open_folder(path, base, room.count), String(cString: base))
        }
        guard reason.isEmpty else { throw .unusable(reason) }
        guard result >= 0 else { throw .file(file ?? path, -result) }
        self.path = path
        descriptor = result
    }

    deinit { close(descriptor) }

    /// The folder that a path leads to, and the last name of the path.
    static func split(_ path: String) throws(Failure) -> (folder: HeldFolder, name: String) {
        let (folder, name) = parts(path)
        return (try HeldFolder(folder, for: path), name)
    }

    /// `/run/erp/token` is `token` in `/run/erp`.
    static func parts(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    // MARK: what is there

    /// Fails unless files may be made in it.
    func mustBeWritable() throws(Failure) {
        guard faccessat(descriptor, ".", W_OK | X_OK, 0) == 0 else { throw .file(path, errno) }
    }

    /// What has this name, which may be a link; `nil` if nothing has.
    func facts(_ name: String) -> stat? {
        var facts = stat()
        return fstatat(descriptor, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 ? facts : nil
    }

    /// What a file holds, and one byte more than `most` if it is longer; `nil` for a link and for what cannot be read.
    func content(_ name: String, atMost most: Int) -> Secret? {
        let file = openat(descriptor, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        return try? Secret.content(of: file, atMost: most).get()
    }

    // MARK: changes

    /// Puts a file with these bytes in the place of what has the name: whole, with its mode and owner, and on the disk before it is seen.
    @discardableResult
    func put(_ content: Secret, as name: String, mode: UInt32, owner: FileOwner? = nil) throws(Failure) -> stat {
        let (file, beside) = makeFile(beside: name)
        guard file >= 0 else { throw .file(shown(name), errno) }
        defer { close(file) }
        var facts = stat()
        // mode and owner before the first byte, and whatever the umask says; the mode first, while it is still ours
        var isWhole = fchmod(file, mode_t(mode)) == 0 && HeldFolder.give(file, to: owner) && fstat(file, &facts) == 0
        if isWhole {
            let written = content.withBytes { bytes in bytes.baseAddress.map { tokend_write_all(file, $0, bytes.count) } ?? 0 }
            if written < 0 { errno = -written }
            isWhole = written == 0 && fsync(file) == 0 && renameat(descriptor, beside, descriptor, name) == 0
        }
        guard isWhole else {
            let error = errno
            remove(beside)
            throw .file(shown(name), error)
        }
        sync()
        return facts
    }

    /// A new file under a name that is nobody else's. What an earlier run left goes; what cannot be removed, as somebody else's in a sticky folder, is
    /// evaded.
    private func makeFile(beside name: String) -> (file: Int32, name: String) {
        var beside = ".\(name).new"
        remove(beside)
        while true {
            let file = openat(descriptor, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
            guard file < 0, errno == EEXIST else { return (file, beside) }
            beside = ".\(name).\(String(UInt64.random(in: .min ... .max), radix: 36)).new"
        }
    }

    /// Whether there was one.
    @discardableResult
    func remove(_ name: String) -> Bool { unlinkat(descriptor, name, 0) == 0 }

    /// A second name for a file, in the place of what has it. False if there is no such file.
    func link(_ name: String, as second: String) throws(Failure) -> Bool {
        remove(second)
        if linkat(descriptor, name, descriptor, second, 0) == 0 { return true }
        guard errno == ENOENT else { throw .file(shown(name), errno) }
        return false
    }

    func rename(_ name: String, to other: String) { renameat(descriptor, name, descriptor, other) }

    /// Makes a folder in it. Whether there was none.
    @discardableResult
    func makeFolder(_ name: String, mode: UInt32) throws(Failure) -> Bool {
        if mkdirat(descriptor, name, mode_t(mode)) == 0 { return true }
        guard errno == EEXIST else { throw .file(shown(name), errno) }
        return false
    }

    /// One that is not empty stays.
    func removeFolder(_ name: String) { unlinkat(descriptor, name, AT_REMOVEDIR) }

    private func shown(_ name: String) -> String { path.hasSuffix("/") ? path + name : "\(path)/\(name)" }

    private static func give(_ file: Int32, to owner: FileOwner?) -> Bool {
        guard let owner else { return true }
        return fchown(file, owner.uid ?? uid_t.max, owner.gid ?? gid_t.max) == 0
    }

    /// One that may not be read cannot be synced; the file is on the disk all the same.
    private func sync() {
        let readable = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard readable >= 0 else { return }
        fsync(readable)
        close(readable)
    }
}
