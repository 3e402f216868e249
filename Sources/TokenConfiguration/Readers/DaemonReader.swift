internal import Secrets
internal import TokenLedger

/// `tokend.toml`: what concerns the daemon and no application.
struct DaemonReader {
    let peers: PeerReader
    let secrets: SecretReader

    /// What it says of credentials is left to be compared with the tokens.
    func read(_ table: TableReader, into configuration: inout Configuration) -> CredentialReader {
        configuration.admins = table.table("admin").map(admins) ?? []
        configuration.limits = table.table("limits").map(limits) ?? Limits()
        configuration.auditRequired = table.table("audit").map(auditRequired) ?? false
        configuration.readiness = table.table("ready").map(readiness) ?? .sockets
        configuration.storeKey = table.table("store").flatMap(storeKey)
        let credentials = CredentialReader(table.table("credentials"))
        table.finish()
        return credentials
    }

    private func admins(_ table: TableReader) -> [PeerPattern] {
        defer { table.finish() }
        return peers.patterns(table)
    }

    private func auditRequired(_ table: TableReader) -> Bool {
        defer { table.finish() }
        return table.value("required") { (node) throws(Complaint) in try node.flag() } ?? false
    }

    private func readiness(_ table: TableReader) -> ReadyPolicy {
        defer { table.finish() }
        return table.value("policy") { (node) throws(Complaint) in try node.choice(of: ReadyPolicy.self) } ?? .sockets
    }

    private func storeKey(_ table: TableReader) -> Secret? {
        defer { table.finish() }
        return secrets.read("key", of: table, ifWritten: "make another key", isStoreKey: true) { (key) throws(Complaint) in
            _ = try SealingKeyText.key(key)
        }
    }

    private func limits(_ table: TableReader) -> Limits {
        var limits = Limits()
        func take(_ key: String, _ limit: WritableKeyPath<Limits, Int>, _ range: ClosedRange<Int>, _ unit: String) {
            let value = table.value(key) { (node) throws(Complaint) in try node.integer(in: range, unit) }
            if let value { limits[keyPath: limit] = value }
        }
        take("connections", \.connections, 16...1_000_000, "connections")
        take("per_uid", \.connectionsPerUID, 1...1_000_000, "connections")
        take("strangers", \.strangers, 1...1_000_000, "connections")
        take("strangers_per_uid", \.strangersPerUID, 1...1_000_000, "connections")
        take("pipelined", \.pipelined, 1...65_536, "requests")
        take("waiting_output", \.waitingOutput, 4_096...(16 << 20), "bytes")
        take("buffers", \.buffers, (1 << 20)...(1 << 30), "bytes")
        take("idle", \.idle, 1...86_400, "seconds")
        take("stranger_idle", \.strangerIdle, 1...3_600, "seconds")
        take("members_per_group", \.membersPerGroup, 1...Ledger.mostMembers, "members")
        take("stalled", \.stalled, 1...600, "seconds")
        table.finish()
        mustFit(table, limits)
        return limits
    }

    /// A part that is written larger than its whole is a mistake; a default that is larger just has no effect.
    private func mustFit(_ table: TableReader, _ limits: Limits) {
        func check(_ key: String, _ part: Int, within whole: Int, _ wholeKey: String) {
            guard let node = table.node(key), part > whole else { return }
            table.problems.error("\(part) is more than \(wholeKey) allows (\(whole)); lower it or raise \(wholeKey)", at: node.place)
        }
        check("per_uid", limits.connectionsPerUID, within: limits.connections, "connections")
        check("strangers", limits.strangers, within: limits.connections, "connections")
        check("strangers_per_uid", limits.strangersPerUID, within: limits.strangers, "strangers")
        check("waiting_output", limits.waitingOutput, within: limits.buffers, "buffers")
    }
}
