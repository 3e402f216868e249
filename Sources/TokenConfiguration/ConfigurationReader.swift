internal import OAuth
internal import Systemd
internal import TokenLedger
internal import TokenWire

/// Reads `tokend.toml` and `apps.d/*.toml` of a folder and everything they name. Opens files and asks the name service: not for the loop.
///
/// A missing folder is a configuration without applications. Every problem of every file is found at once; only a syntax
/// error hides the rest of its file.
/// - Parameter now: wall time in seconds, to tell what has ended; the machine's without it.
package func readConfiguration(
    at directory: String, secrets: SecretSources, names: NameService = .system, now: Int64? = nil
) -> ConfigurationReading {
    ConfigurationReader(directory, secrets, names, now ?? Clock.realtime() / 1_000_000_000).read()
}

/// Reads the file of one application alone, for its secrets: its `draft` has what could be read of it. Opens files and asks the name service:
/// not for the loop.
package func readApplication(_ name: String, at directory: String, secrets: SecretSources) -> ConfigurationReading {
    ConfigurationReader(directory, secrets, .system, Clock.realtime() / 1_000_000_000).read(application: name)
}

/// One reading: from the folder to a configuration or its problems.
private final class ConfigurationReader {
    private let problems = ProblemList()
    private let folder: ConfigurationFolder
    private let servers: ServerReader
    private let secrets: SecretReader
    private let clients: ClientReader
    private let peers: PeerReader
    private let names: NameService
    private let now: Int64
    private var configuration = Configuration()
    private var named: [String: ServerSettings] = [:]
    private var tokenCount = 0
    /// Every token that a file names, good or bad, and the applications whose files tell nothing.
    private var tokenNames: Set<TokenName> = []
    private var unread: Set<String> = []
    /// Applications in the order of their files, each with the place that names its server.
    private var placed: [(server: ServerSettings, place: Place)] = []
    /// Who was the first to have answers come to an address.
    private var redirects: [String: (token: TokenName, server: String)] = [:]

    init(_ directory: String, _ sources: SecretSources, _ names: NameService, _ now: Int64) {
        folder = ConfigurationFolder(directory, owner: sources.owner, problems)
        secrets = SecretReader(sources)
        servers = ServerReader(owner: sources.owner, proxies: ProxyReader(secrets: secrets))
        clients = ClientReader(secrets: secrets)
        peers = PeerReader(names: NameResolver(names))
        self.names = names
        self.now = now
    }

    func read() -> ConfigurationReading {
        configuration.subordinates = names.subordinates()
        let files = folder.files()
        let credentials = files.daemon.flatMap { TableReader($0, problems) }.map {
            DaemonReader(peers: peers, secrets: secrets).read($0, into: &configuration)
        }
        for (name, tree) in files.applications {
            if let table = tree.flatMap({ TableReader($0, problems) }) { application(name, table) } else { unread.insert(name) }
        }
        credentials?.read(into: &configuration, named: tokenNames, unread: unread, problems)
        return reading(isWhole: !problems.hasErrors && secrets.passedOver.isEmpty, applications: files.applications.count)
    }

    func read(application name: String) -> ConfigurationReading {
        if let table = folder.application(name).flatMap({ TableReader($0, problems) }) { application(name, table) }
        return reading(isWhole: false, applications: 1)
    }

    private func reading(isWhole: Bool, applications: Int) -> ConfigurationReading {
        ConfigurationReading(
            configuration: isWhole ? configuration : nil, problems: problems.problems.sorted(), directory: folder.path, applicationCount: applications,
            tokenCount: tokenCount, passedOver: secrets.passedOver, servers: named, draft: configuration)
    }

    private func application(_ name: String, _ table: TableReader) {
        let server = servers.read(table)
        let client = clients.read(table)
        let isERPNet = table.node("erpnet") != nil
        tokens(table, TokenReader(application: name, client: client, isERPNet: isERPNet, peers: peers, secrets: secrets, now: now), server)
        table.finish()
        guard let server else { return }
        named[name] = server
        mustAgree(server, at: (table.node("endpoints") ?? table.node("issuer") ?? table.node("erpnet"))?.place ?? table.place)
        guard let identity = client.identity else { return }
        configuration.applications[name] = Application(name: name, server: server, client: identity)
    }

    private func tokens(_ table: TableReader, _ reader: TokenReader, _ server: ServerSettings?) {
        guard let tokens = table.table("token") else {
            if table.node("token") == nil { problems.warning("has no [token.NAME] table, so there is nothing to ask for", at: table.place) }
            return
        }
        for (name, token) in tokens.everyTable() {
            tokenCount += 1
            TokenName(application: reader.application, token: name).map { _ = tokenNames.insert($0) }
            guard let settings = reader.read(name, token) else { continue }
            configuration.tokens[settings.name] = settings
            if let server { mustBeApart(settings, of: server, at: token.node("redirect_uri")?.place ?? token.place) }
        }
    }

    /// LOOP-06: where an answer arrives tells which server gave it (RFC 9700 section 4.4.2.2).
    private func mustBeApart(_ token: TokenSettings, of server: ServerSettings, at place: Place) {
        guard case .authorizationCode(let settings) = token.grant else { return }
        for address in settings.redirectURIs {
            let first = redirects[address, default: (token.name, server.location.identity)]
            redirects[address] = first
            guard first.server != server.location.identity else { continue }
            problems.warning(
                "answers of another server arrive there too (\(first.token)); register another path here, "
                    + "so that one server's answer cannot be passed off as the other's",
                at: place)
        }
    }

    /// DISC-13: one server may not be told two sets of endpoints; answers could then be mixed up (RFC 9207 section 4).
    private func mustAgree(_ server: ServerSettings, at place: Place) {
        let other = placed.first { $0.server.location.identity == server.location.identity && $0.server.endpoints != server.endpoints }
        if let other {
            problems.error("is the same server as in \(quoted(other.place.file)), with other [endpoints]; pin the same ones in both", at: place)
        }
        placed.append((server, place))
    }
}

extension ServerLocation {
    /// What two applications of one server have in common.
    fileprivate var identity: String {
        switch self {
        case .issuer(let issuer): issuer
        case .erpnet(let root, let issuer): issuer ?? "\(root) by auto-discovery"
        }
    }
}
