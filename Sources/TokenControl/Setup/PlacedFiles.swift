internal import Glibc
internal import Secrets

/// Files that are put in place or taken away one after the other, or not at all.
///
/// What was there is kept under a hidden name beside it, which tokend and systemd pass over, until `keep` or `undo`. Each folder is held open until
/// then.
final class PlacedFiles {
    private var placed: [(folder: HeldFolder, name: String, before: String?)] = []

    /// The new file is whole and on the disk before it is seen.
    func place(_ content: Secret, at path: String, mode: UInt32) throws(Failure) {
        let (folder, name) = try HeldFolder.split(path)
        let before = try kept(name, in: folder)
        do throws(Failure) {
            try folder.put(content, as: name, mode: mode)
        } catch {
            if let before { folder.remove(before) }
            throw error
        }
        placed.append((folder, name, before))
    }

    /// Whether there was one.
    func remove(_ path: String) throws(Failure) -> Bool {
        let (folder, name) = try HeldFolder.split(path)
        guard let before = try kept(name, in: folder) else { return false }
        placed.append((folder, name, before))
        guard folder.remove(name) else { throw .file(path, errno) }
        return true
    }

    /// Under which name what is there has been kept; `nil` if there is nothing.
    private func kept(_ name: String, in folder: HeldFolder) throws(Failure) -> String? {
        let before = ".\(name).before"
        return try folder.link(name, as: before) ? before : nil
    }

    /// As it was before.
    func undo() {
        for (folder, name, before) in placed.reversed() {
            if let before { folder.rename(before, to: name) } else { folder.remove(name) }
        }
        placed = []
    }

    func keep() {
        for case (let folder, _, let before?) in placed { folder.remove(before) }
        placed = []
    }

    deinit { undo() }
}

/// A folder that only exists while things are tried out.
final class TrialFolder {
    let path: String
    private var written: [(folder: HeldFolder, name: String)] = []

    init() throws(Failure) {
        let parent = geteuid() == 0 ? "/run" : getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        // nobody else can put another one in its place
        _ = try HeldFolder(parent)
        var template = Array("\(parent)/tokend-setup.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw .file("\(parent)/tokend-setup.XXXXXX", errno) }
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        // the daemon's user reads what is no secret in it
        guard chmod(path, 0o755) == 0 else { throw .file(path, errno) }
        try HeldFolder(path).makeFolder("apps.d", mode: 0o755)
    }

    func write(_ content: Secret, to name: String, mode: UInt32) throws(Failure) {
        let (folder, name) = try HeldFolder.split("\(path)/\(name)")
        try folder.put(content, as: name, mode: mode)
        written.append((folder, name))
    }

    deinit {
        for (folder, name) in written { folder.remove(name) }
        rmdir(path + "/apps.d")
        rmdir(path)
    }
}
