internal import Glibc
internal import Secrets
internal import TokenWire

/// The drop-in that lets the service reach its identity servers and nobody else.
struct AddressAllowList {
    let terminal: Terminal

    static let path = "/etc/systemd/system/tokend.service.d/50-address-allow-list.conf"

    static var isThere: Bool { access(path, F_OK) == 0 }

    func write() throws(Failure) {
        guard geteuid() == 0 else { throw .notSetUp("only root can say whom the service may reach", 77) }
        // tokend is restarted with it: one that would not come up again goes on as it is
        let configuration = WholeConfiguration(folder: Setup.systemFolder, terminal: terminal)
        try configuration.check(so: WholeConfiguration.notInOrder)
        let hosts = try configuration.hosts()
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
        let (units, folder) = try HeldFolder.split(HeldFolder.parts(AddressAllowList.path).folder)
        let isFirst = !AddressAllowList.isThere
        try units.makeFolder(folder, mode: 0o755)
        let files = PlacedFiles()
        try files.place(Secret(text), at: AddressAllowList.path, mode: 0o644)
        let isReloaded = try succeeds("daemon-reload")
        if isReloaded, try succeeds("try-restart", "tokend.service") { return files.keep() }
        files.undo()
        // only a folder that was made for the list is empty now
        units.removeFolder(folder)
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
