@testable internal import TokenConfiguration
internal import TokenLedger

extension Door {
    /// A configuration file as text.
    static let toml = Door(name: "toml") { bytes in
        do throws(ConfigurationProblem) {
            let document = try TOMLDocument(bytes.text, file: "/etc/tokend/apps.d/fuzz.toml")
            let written = document.root.written(isRoot: true)
            let again = try readAgain(written)
            must(again.root.written(isRoot: true) == written, "TOML means the same when it is written and read again")
        } catch {
            check(error)
        }
    }

    /// A configuration file of an application, and of the daemon, up to settings.
    static let config = Door(name: "config") { bytes in
        var input = Input(bytes)
        let isDaemon = input.byte() % 4 == 0
        guard let document = try? TOMLDocument(input.rest.text, file: "/etc/tokend/apps.d/fuzz.toml") else { return }
        let problems = ProblemList()
        guard let table = TableReader(document.root, problems) else { return must(false, "a document is a table") }
        let secrets = SecretReader(SecretSources(credentialsDirectory: nil, offline: true, owner: 0))
        let peers = PeerReader(names: NameResolver(NameService(userID: { $0 == "carol" ? 1000 : nil }, groupID: { $0 == "staff" ? 50 : nil })))
        var configuration = Configuration()
        if isDaemon {
            let credentials = DaemonReader(peers: peers, secrets: secrets).read(table, into: &configuration)
            credentials.read(into: &configuration, named: [], unread: [], problems)
        } else {
            readApplication(table, secrets, peers, &configuration)
        }
        for problem in problems.problems { check(problem) }
    }
}

private func readApplication(_ table: TableReader, _ secrets: SecretReader, _ peers: PeerReader, _ configuration: inout Configuration) {
    let server = ServerReader(owner: 0, proxies: ProxyReader(secrets: secrets)).read(table)
    let client = ClientReader(secrets: secrets).read(table)
    let reader = TokenReader(
        application: "fuzz", client: client, isERPNet: table.node("erpnet") != nil, peers: peers, secrets: secrets, now: 1_790_000_000)
    for (name, token) in table.table("token")?.everyTable() ?? [] {
        guard let settings = reader.read(name, token) else { continue }
        configuration.tokens[settings.name] = settings
    }
    table.finish()
    guard let server, let identity = client.identity else { return }
    configuration.applications["fuzz"] = Application(name: "fuzz", server: server, client: identity)
}

private func readAgain(_ text: String) throws(ConfigurationProblem) -> TOMLDocument {
    do throws(ConfigurationProblem) {
        return try TOMLDocument(text, file: "again")
    } catch {
        must(false, "what was read as TOML can be written and read again: \(error)")
        throw error
    }
}

private func check(_ problem: ConfigurationProblem) {
    must("\(problem)".isPlain, "a problem is told in one line without control characters: \(problem.text)")
    must((problem.line ?? 1) > 0, "lines are counted from 1")
}

nonisolated extension ConfigurationNode {
    /// As TOML on one line each, keys in order.
    fileprivate func written(isRoot: Bool = false) -> String {
        switch content {
        case .string(let text): quotedTOML(text)
        case .integer(let number): String(number)
        case .boolean(let flag): flag ? "true" : "false"
        case .moment(let seconds): "\"moment \(seconds)\""
        case .other(let kind): quotedTOML(kind)
        case .array(let items): "[" + items.map { $0.written() }.joined(separator: ", ") + "]"
        case .table(let entries):
            isRoot
                ? entries.map { "\(quotedTOML($0.key)) = \($0.value.written())\n" }.sorted().joined()
                : "{" + entries.map { "\(quotedTOML($0.key)) = \($0.value.written())" }.sorted().joined(separator: ", ") + "}"
        }
    }
}

nonisolated private func quotedTOML(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": quoted += "\\\""
        case "\\": quoted += "\\\\"
        case _ where scalar.value < 0x20 || scalar.value == 0x7F:
            let digits = String(scalar.value, radix: 16)
            quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: quoted.unicodeScalars.append(scalar)
        }
    }
    return quoted + "\""
}
