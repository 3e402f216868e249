internal import ErpNet
internal import Glibc
internal import Keys

@main
struct Program {
    static func main() async {
        do {
            try await run(Options(Array(CommandLine.arguments.dropFirst())))
        } catch let error as UsageError {
            complain("\(error)\n\(Options.usage)")
            exit(2)
        } catch {
            complain("\(error)")
            exit(1)
        }
    }

    private static func run(_ given: Options) async throws {
        try makeFolder(given.folder)
        var options = given
        options.folder = absolute(given.folder)
        let ending = endings(withStdin: options.endsWithStdin)
        let certificates = try Certificates(folder: options.folder, names: options.names)
        let key = try signingKey(options.folder)
        var identity = Identity(database: options.database, signing: key, accessTTL: options.accessTTL, redirectURIs: options.redirectURIs)
        try recall(&identity, options.folder)
        let simulator = Simulator(identity, auditFile: try AuditFile(options.folder + "/audit.jsonl"))
        try await serve(options, simulator, certificates, until: ending)
    }

    private static func serve(
        _ options: Options, _ simulator: Simulator, _ certificates: Certificates, until ending: AsyncStream<Void>
    ) async throws {
        let (events, eventsIn) = AsyncStream<ConnectionEvent>.makeStream()
        let (opened, openedIn) = AsyncStream<HTTPListener>.makeStream()
        let listeners = Listeners(certificates, events: eventsIn, opened: openedIn)
        let main = try await listeners.start(.main, addresses: options.addresses, port: options.port)
        let description = describe(options, site: main.site, authority: certificates.authorityFile)
        let control = try await ControlSocket.bind(
            options.folder + "/control.sock", Control(simulator: simulator, listeners: listeners, description: description))
        await withDiscardingTaskGroup { group in
            group.addTask { for await event in events { await simulator.note(event) } }
            group.addTask { await control.serve() }
            group.addTask { await serveAll(opened, simulator) }
            announce(options, main, description)
            for await _ in ending { await end(options, simulator) }
        }
    }

    private static func serveAll(_ opened: AsyncStream<HTTPListener>, _ simulator: Simulator) async {
        await withDiscardingTaskGroup { group in
            for await listener in opened { group.addTask { await listener.serve(simulator) } }
        }
    }

    private static func announce(_ options: Options, _ main: HTTPListener, _ description: JSON) {
        do {
            try writeFile(options.folder + "/idp.json", description.description + "\n")
            print("READY \(main.site.issuer)")
            fflush(nil)
        } catch {
            complain("\(error)")
            exit(1)
        }
    }

    private static func end(_ options: Options, _ simulator: Simulator) async -> Never {
        unlink(options.folder + "/control.sock")
        do {
            try writeFile(options.folder + "/memory.json", try await simulator.memory.text(), mode: 0o600)
            exit(0)
        } catch {
            complain("\(error)")
            exit(1)
        }
    }

    /// Restores the state that the last run saved at a regular end. A killed run saves nothing.
    private static func recall(_ identity: inout Identity, _ folder: String) throws {
        let path = folder + "/memory.json"
        guard let text = readFile(path) else { return }
        try Memory(text).restore(&identity)
        unlink(path)
    }

    /// The first signing key is kept, so that tokens of an earlier run stay valid.
    private static func signingKey(_ folder: String) throws -> RSAKey {
        let path = folder + "/signing.key"
        if fileExists(path) { return try RSAKey.load(pem: path) }
        let key = try RSAKey.generate()
        let mask = umask(0o077)
        defer { umask(mask) }
        try key.save(pem: path)
        return key
    }

    private static func absolute(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func complain(_ text: String) {
        let line = Array("identity-simulator: \(text)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}
