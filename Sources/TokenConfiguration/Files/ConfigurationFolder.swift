internal import Glibc
internal import Systemd
internal import TokenLedger
internal import TokenWire

/// The files of a configuration folder.
struct ConfigurationFolder {
    let path: String
    let owner: UInt32
    let problems: ProblemList

    init(_ path: String, owner: UInt32, _ problems: ProblemList) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        self.owner = owner
        self.problems = problems
    }

    /// The tree of one `apps.d/NAME.toml`; `nil` if it is not there or not good.
    func application(_ name: String) -> ConfigurationNode? { tree("\(path)/apps.d/\(name).toml") }

    /// The tree of `tokend.toml`, if it is there and good, and the trees of `apps.d/NAME.toml` by name.
    func files() -> (daemon: ConfigurationNode?, applications: [(name: String, tree: ConfigurationNode?)]) {
        guard isThere(path) else { return (nil, []) }
        return (daemonFile(), applicationFiles(in: path + "/apps.d"))
    }

    private func daemonFile() -> ConfigurationNode? {
        let file = path + "/tokend.toml"
        var facts = stat()
        guard lstat(file, &facts) == 0 || errno != ENOENT else { return nil }
        return tree(file)
    }

    /// Other files, hidden ones among them, are not ours.
    private func applicationFiles(in folder: String) -> [(name: String, tree: ConfigurationNode?)] {
        guard isThere(folder) else { return [] }
        return names(in: folder).compactMap { fileName in
            guard !fileName.hasPrefix("."), fileName.hasSuffix(".toml") else { return nil }
            let name = String(fileName.dropLast(".toml".count))
            let file = "\(folder)/\(fileName)"
            guard TokenName.isPart(name.utf8) else {
                problems.error(
                    "the name of the file is the name of its application: lower-case letters, digits, \"-\" and \"_\", at most 32; rename it",
                    at: Place(file: shownPath(file)))
                return nil
            }
            return (name, tree(file))
        }
    }

    private func tree(_ file: String) -> ConfigurationNode? {
        guard let text = problems.reporting(at: Place(file: file), { () throws(Complaint) in try text(of: file) }) else { return nil }
        do {
            return try TOMLDocument(text, file: file).root
        } catch {
            problems.append(error)
            return nil
        }
    }

    /// Links are followed: a folder that only root and the daemon can write holds only links they made.
    private func text(of file: String) throws(Complaint) -> String {
        let opened = try OpenedFile(file, followsLinks: true)
        try opened.mustBelong(to: owner)
        try opened.mustNotBeWritableByOthers()
        return try opened.text()
    }

    /// Whether the folder is there; an unsafe one is reported and read all the same, so that all problems are told at once.
    private func isThere(_ folder: String) -> Bool {
        let place = Place(file: folder)
        var facts = stat()
        guard stat(folder, &facts) == 0 else {
            if errno == ENOENT {
                problems.warning("does not exist: there are no applications", at: place)
            } else {
                problems.error("cannot be read: \(SystemError.text(errno))", at: place)
            }
            return false
        }
        guard facts.st_mode & S_IFMT == S_IFDIR else {
            problems.error("is not a folder", at: place)
            return false
        }
        if facts.st_mode & 0o022 != 0 {
            problems.error("has mode \(octal(facts.st_mode & 0o7777)), so others can change what is in it; chmod go-w it", at: place)
        }
        if facts.st_uid != 0, facts.st_uid != owner {
            problems.error("belongs to uid \(facts.st_uid); it must belong to root or the daemon (uid \(owner)): chown it", at: place)
        }
        return true
    }

    private func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else {
            problems.error("cannot be read: \(SystemError.text(errno))", at: Place(file: folder))
            return []
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names.sorted()
    }

    /// A file name may hold anything; a line of a report may not.
    private func shownPath(_ path: String) -> String {
        path.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? path : quoted(path)
    }
}
