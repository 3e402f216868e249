internal import Glibc
internal import Secrets
internal import TokenWire

/// The drop-in that lets the service reach its identity servers and nobody else.
struct AddressAllowList {
    let terminal: Terminal

    static let path = "/etc/systemd/system/tokend.service.d/50-address-allow-list.conf"

    /// `findings` is what the online check said: it names addresses that no file does.
    func write(findings: String) throws(Failure) {
        // tokend is restarted with it: one that would not come up again goes on as it is
        try WholeConfiguration(folder: Setup.systemFolder, terminal: terminal).check(so: WholeConfiguration.notInOrder)
        let hosts = (try configured() + AddressAllowList.hosts(in: findings)).uniqued
        guard !hosts.isEmpty else { throw .notSetUp("there is no identity server in \(Setup.systemFolder)/apps.d; nothing was changed", 78) }
        var lines: [String] = []
        for host in hosts { lines.append("# \(host)\nIPAddressAllow=\(try addresses(of: host).joined(separator: " "))") }
        let servers = nameServers
        if !servers.isEmpty { lines.append("# this machine's name servers\nIPAddressAllow=\(servers.joined(separator: " "))") }
        try put(AddressAllowList.opening + lines.joined(separator: "\n") + "\n")
        terminal.say("written: \(AddressAllowList.path), for \(hosts.joined(separator: ", "))")
        terminal.say("when their addresses change tokend no longer reaches them: write the list anew with: tokenctl setup --address-allow-list")
    }

    private static let opening = """
        # Written by "tokenctl setup --address-allow-list": what tokend may reach, by the addresses of that moment.
        # When they change it must be written anew by the same command, or tokend no longer reaches its identity servers.
        [Service]
        IPAddressDeny=any

        """

    private func put(_ text: String) throws(Failure) {
        let folder = String(AddressAllowList.path.prefix(upTo: AddressAllowList.path.lastIndex(of: "/") ?? AddressAllowList.path.endIndex))
        let isFirst = access(AddressAllowList.path, F_OK) != 0
        mkdir(folder, 0o755)
        let files = PlacedFiles()
        try files.place(Secret(text), at: AddressAllowList.path, mode: 0o644)
        let isReloaded = try succeeds("daemon-reload")
        if isReloaded, try succeeds("try-restart", "tokend.service") { return files.keep() }
        files.undo()
        // only a folder that was made for the list is empty now
        rmdir(folder)
        let failed = "systemctl \(isReloaded ? "try-restart" : "daemon-reload") failed with the list of addresses"
        let state = isFirst ? "the list is removed again" : "the earlier list is back"
        var isBack = try succeeds("daemon-reload")
        // one that rested has not failed to restart
        if isReloaded { isBack = try succeeds("restart", "tokend.service") }
        guard isBack else {
            throw .notSetUp("\(failed). \(state), but tokend does not start so either (journalctl -u tokend says why)", 71)
        }
        throw .notSetUp("\(failed), so \(state)\(isReloaded ? " and tokend runs with it as before" : "")", 71)
    }

    /// What systemctl complains of is passed on.
    private func succeeds(_ words: String...) throws(Failure) -> Bool {
        let (_, result) = try ChildProcess.text(of: ["systemctl", "--no-ask-password"] + words)
        if result.status != 0 { terminal.say(WholeConfiguration.plain(result.complaint)) }
        return result.status == 0
    }

    // MARK: whom it talks to

    /// The hosts of every address in the files, comments left out.
    private func configured() throws(Failure) -> [String] {
        let folder = Setup.systemFolder + "/apps.d"
        guard let stream = opendir(folder) else { throw .notSetUp("\"\(folder)\" cannot be read: \(String(cString: strerror(errno)))", 78) }
        defer { closedir(stream) }
        var text = ""
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) } }
            guard name.hasSuffix(".toml"), !name.hasPrefix(".") else { continue }
            text += try ChildProcess.text(of: ["cat", "--", "\(folder)/\(name)"]).output
        }
        return AddressAllowList.hosts(in: text.split(separator: "\n").filter { !$0.drop { $0 == " " || $0 == "\t" }.hasPrefix("#") }.joined(separator: "\n"))
    }

    /// `https://id.example.com:8443/path` names `id.example.com`; loopback redirects are the browser's.
    static func hosts(in text: String) -> [String] {
        let parts = text.split(separator: "://", omittingEmptySubsequences: false).dropFirst()
        let hosts = parts.map { part -> String in
            let end: (Character) -> Bool = { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".")) }
            guard part.first == "[" else { return String(part.prefix { !end($0) }) }
            return String(part.dropFirst().prefix { $0.isHexDigit || $0 == ":" || $0 == "." })
        }
        return hosts.filter { !$0.isEmpty }.uniqued
    }

    private func addresses(of host: String) throws(Failure) -> [String] {
        let (output, result) = try ChildProcess.text(of: ["getent", "ahosts", host])
        let addresses = output.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }.uniqued
        guard result.status == 0, !addresses.isEmpty else {
            throw .notSetUp("\(Quotation.of(host)) has no address now, so no list was written; try again when it resolves", 75)
        }
        return addresses
    }

    private var nameServers: [String] {
        guard let (output, _) = try? ChildProcess.text(of: ["cat", "/etc/resolv.conf"]) else { return [] }
        let lines = output.split(separator: "\n").map { $0.split(whereSeparator: { $0 == " " || $0 == "\t" }) }
        return lines.filter { $0.first == "nameserver" }.compactMap { $0.dropFirst().first.map { String($0.prefix { $0 != "%" }) } }.uniqued
    }
}

extension [String] {
    /// Each once, in the order of their first.
    fileprivate var uniqued: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
