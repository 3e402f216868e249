internal import Secrets
internal import TokenWire

/// What has to be known: taken from the options, and asked for where they say nothing and somebody is there.
struct SetupQuestions {
    let given: Setup
    let terminal: Terminal

    func registration() throws(Failure) -> Registration {
        if terminal.isThere, !isWhole { terminal.say("what is shown in brackets is taken if you just press Enter; Ctrl-C stops, and nothing is changed") }
        let server = try server()
        let name = try name()
        let clientID = try answer("--client-id", given.clientID, "the client's id at the server (at ERP.net the application's URI)")
        let scopes = try scopes()
        return Registration(
            name: name, server: server, caFile: given.caFile, clientID: clientID, authentication: given.isPublic ? "none" : given.authentication,
            grant: given.signIn.map { .person(redirectURI: $0) } ?? .service, scopes: scopes, allowed: try allowed(), isShared: given.shared)
    }

    /// `nil` for a public client.
    func secret() throws(Failure) -> Secret? {
        if given.isPublic { return nil }
        if let path = given.secretFile, path != "-" { return try SetupSecret.read(path) }
        guard given.secretFile == "-" || terminal.isThere else { throw missing("--secret-file") }
        switch terminal.secret(asking: "the client's secret (it will not be shown):", atMost: SetupSecret.longest + 1) {
        case .end: throw .unusable("there was no secret on standard input")
        case .late, .interrupted: throw SetupQuestions.stopped
        case .line(let line): return try SetupSecret.judged(line)
        }
    }

    static let stopped = Failure.notSetUp("stopped; nothing was changed", 130)

    // MARK: each of them

    private var isWhole: Bool {
        given.name != nil && (given.erpnet ?? given.issuer) != nil && given.clientID != nil && (given.isPublic || given.secretFile != nil) && hasRule
    }

    private var hasRule: Bool { !(given.allowUnit + given.allowUser + given.allowGroup).isEmpty }

    private func server() throws(Failure) -> Registration.Server {
        if let address = given.erpnet { return .erpnet(try SetupQuestions.root(address, "--erpnet")) }
        if let address = given.issuer { return .issuer(try SetupQuestions.address(address, "--issuer")) }
        guard terminal.isThere else { throw missing("--erpnet or --issuer") }
        while true {
            let site = try line("address of the ERP.net instance, https://… (Enter for another identity server)", otherwise: "")
            let address = site.isEmpty ? try line("issuer of the identity server, https://…", otherwise: nil) : site
            do throws(Failure) {
                if site.isEmpty { return .issuer(try SetupQuestions.address(address, "the issuer")) }
                return .erpnet(try SetupQuestions.root(address, "the address"))
            } catch {
                terminal.say(error.text)
            }
        }
    }

    private func name() throws(Failure) -> TokenName {
        if let name = given.name.flatMap(TokenName.init) { return name }
        guard terminal.isThere else { throw missing("the token's name") }
        while true {
            let text = try line("a name for the token on this machine, application.token", otherwise: given.signIn == nil ? "portal.sync" : "portal.user")
            if let name = TokenName(text) { return name }
            terminal.say("two parts of lower-case letters, digits, - and _, with a dot between them")
        }
    }

    private func scopes() throws(Failure) -> [String] {
        guard given.scope.isEmpty, terminal.isThere, !given.yes else { return try given.scope.map { (scope) throws(Failure) in try said(scope, "--scope") } }
        return SetupQuestions.words(try line("scopes, with spaces between them (Enter leaves them to the server)", otherwise: ""))
    }

    private func allowed() throws(Failure) -> [Registration.Peer] {
        if hasRule {
            var peers: [Registration.Peer] = []
            for unit in given.allowUnit { peers.append(.unit(try said(unit, "--allow-unit"))) }
            for user in given.allowUser { peers.append(.user(try said(user, "--allow-user"))) }
            for group in given.allowGroup { peers.append(.group(try said(group, "--allow-group"))) }
            return peers
        }
        guard terminal.isThere else { throw missing("--allow-unit, --allow-user or --allow-group") }
        while true {
            let units = SetupQuestions.words(try line("units that may have it, such as erp-sync.service", otherwise: ""))
            let users = SetupQuestions.words(try line("users that may have it", otherwise: ""))
            if !(units + users).isEmpty { return units.map { .unit($0) } + users.map { .user($0) } }
            terminal.say("nobody could have the token: name a unit or a user")
        }
    }

    // MARK: asking

    private func answer(_ option: String, _ value: String?, _ question: String) throws(Failure) -> String {
        if let value { return try said(value, option) }
        guard terminal.isThere else { throw missing(option) }
        while true {
            let text = try line(question, otherwise: nil)
            if TOML.canSay(text) { return text }
        }
    }

    /// What was typed, without blanks around it.
    private func line(_ question: String, otherwise: String?) throws(Failure) -> String {
        let offer = otherwise.map { $0.isEmpty ? "" : " [\($0)]" } ?? ""
        terminal.ask("\(question)\(offer): ")
        switch terminal.line(until: .distant) {
        case .end, .late, .interrupted:
            terminal.say("")
            throw SetupQuestions.stopped
        case .line(let line):
            let words = SetupQuestions.words(line.withBytes { String(decoding: $0, as: UTF8.self) })
            return words.isEmpty ? otherwise ?? "" : words.joined(separator: " ")
        }
    }

    private func said(_ text: String, _ option: String) throws(Failure) -> String {
        guard TOML.canSay(text) else { throw .unusable("\(option) needs a text without control characters") }
        return text
    }

    private func missing(_ what: String) -> Failure {
        .unusable("\(what) is missing, and there is no terminal to ask at; see: tokenctl setup --help")
    }

    private static func words(_ text: String) -> [String] { text.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "," }).map(String.init) }

    /// The daemon's check judges it; here only what is surely a slip, before a secret is asked for.
    private static func address(_ text: String, _ what: String) throws(Failure) -> String {
        guard TOML.canSay(text), text.hasPrefix("https://"), !text.contains("@"), !text.contains(" ") else {
            throw .unusable("\(what) must begin with https:// and name a host, as in https://demodb.my.erp.net")
        }
        return text
    }

    /// The address of an instance is the same with and without a final slash. An issuer is not: it is a name.
    private static func root(_ text: String, _ what: String) throws(Failure) -> String {
        let text = try address(text, what)
        return text.hasSuffix("/") && text.filter { $0 == "/" }.count == 3 ? String(text.dropLast()) : text
    }
}

/// A client's secret, before it is encrypted.
enum SetupSecret {
    static let longest = 64 * 1024 - 1

    static func read(_ path: String) throws(Failure) -> Secret {
        switch Secret.content(of: path, atMost: longest + 1) {
        case .success(let secret): return try judged(secret)
        case .failure(let error): throw .unusable("the secret's file \"\(Quotation.plain(path))\" cannot be read: \(error.text)")
        }
    }

    /// Without the byte order mark before it and the line end after it; as the daemon will judge it, and before anything is written.
    static func judged(_ input: Secret) throws(Failure) -> Secret {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let start = input.withBytes { $0.starts(with: mark) } ? mark.count : 0
        let end = input.count - (input.withBytes { $0.last == 0x0A } ? 1 : 0)
        let secret = input[start..<end]
        guard !secret.isEmpty else { throw .unusable("the secret is empty; a client without one is --public") }
        guard secret.count <= longest else { throw .unusable("a secret has at most \(longest) bytes; this is something else") }
        guard secret.withBytes({ $0.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }) else {
            throw .unusable("the secret holds a control character, such as a second line")
        }
        return secret
    }
}
