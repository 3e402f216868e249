internal import CShims
internal import Glibc
internal import Secrets

/// Files that are put in place or taken away one after the other, or not at all.
///
/// What was there is kept under a hidden name beside it, which tokend and systemd pass over, until `keep` or `undo`.
final class PlacedFiles {
    private var placed: [(path: String, before: String?)] = []

    /// The new file is whole and on the disk before it is seen.
    func place(_ content: Secret, at path: String, mode: UInt32) throws(Failure) {
        let before = try kept(path)
        do throws(Failure) {
            try WatchedFile(path, mode: mode).replace(with: content)
        } catch {
            if let before { unlink(before) }
            throw error
        }
        placed.append((path, before))
    }

    /// Whether there was one.
    func remove(_ path: String) throws(Failure) -> Bool {
        guard let before = try kept(path) else { return false }
        placed.append((path, before))
        guard unlink(path) == 0 else { throw .file(path, errno) }
        return true
    }

    /// Under which name what is there has been kept; `nil` if there is nothing.
    private func kept(_ path: String) throws(Failure) -> String? {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let before = "\(path[..<slash])/.\(path[path.index(after: slash)...]).before"
        unlink(before)
        if link(path, before) == 0 { return before }
        guard errno == ENOENT else { throw .file(path, errno) }
        return nil
    }

    /// As it was before.
    func undo() {
        for (path, before) in placed.reversed() {
            if let before { rename(before, path) } else { unlink(path) }
        }
        placed = []
    }

    func keep() {
        for case (_, let before?) in placed { unlink(before) }
        placed = []
    }

    deinit { undo() }
}

/// A folder that only exists while things are tried out.
final class TrialFolder {
    let path: String

    init() throws(Failure) {
        let parent = geteuid() == 0 ? "/run" : getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/tokend-setup.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw .file("\(parent)/tokend-setup.XXXXXX", errno) }
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        // the daemon's user reads what is no secret in it
        guard chmod(path, 0o755) == 0, mkdir(path + "/apps.d", 0o755) == 0 else { throw .file(path, errno) }
    }

    func write(_ content: Secret, to name: String, mode: UInt32) throws(Failure) {
        try WatchedFile("\(path)/\(name)", mode: mode).replace(with: content)
        written.append(name)
    }

    private var written: [String] = []

    deinit {
        for name in written { unlink("\(path)/\(name)") }
        rmdir(path + "/apps.d")
        rmdir(path)
    }
}
