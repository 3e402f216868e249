internal import Glibc
internal import Systemd
internal import TokenConfiguration

extension SecretSources {
    /// Whether systemd gave this credential, by its own name or from the service's folder.
    func has(credential id: String) -> Bool {
        guard let folder = CredentialDirectory(credentialsDirectory) else { return false }
        return [id, Self.ofOwnFolder + id].compactMap(folder.path).contains { access($0, F_OK) == 0 }
    }

    /// The credentials whose name, without what systemd puts before it, starts so; in order.
    func credentials(startingWith prefix: String) -> [String] {
        guard let folder = CredentialDirectory(credentialsDirectory), let listing = opendir(folder.folder) else { return [] }
        defer { closedir(listing) }
        var names: Set<String> = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            let id = name.hasPrefix(Self.ofOwnFolder) ? String(name.dropFirst(Self.ofOwnFolder.count)) : name
            if id.hasPrefix(prefix) { names.insert(id) }
        }
        return names.sorted()
    }
}
