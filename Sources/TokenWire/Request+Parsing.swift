internal import Secrets

extension Request {
    /// Parses one request line without its LF. A CR before the LF is removed.
    ///
    /// Every error is `bad-request` with a text of at most 200 bytes of printable ASCII. A token name is not validated here: an impossible name must
    /// be refused exactly like one that this caller may not use.
    package static func parse(_ line: UnsafeRawBufferPointer) -> Result<Request, Refusal> {
        do throws(Refusal) {
            var items = try RequestScanner(line.last == .carriageReturn ? line.part(0..<line.count - 1) : line)
            let request = try read(&items)
            try items.end()
            return .success(request)
        } catch {
            return .failure(error)
        }
    }

    private static func read(_ items: inout RequestScanner) throws(Refusal) -> Request {
        switch items.verb {
        case .get: .get(try query(&items))
        case .header: .header(try query(&items))
        case .watch: .watch(try query(&items))
        case .reject: try reject(&items)
        case .wait: .wait(name: try items.text("name"), wait: try wait(&items))
        case .list: .list
        case .status: .status(name: items.isAtEnd ? nil : try items.text("name"))
        case .login: try login(&items)
        case .callback: .callback(login: try items.text("login id"), answer: Secret(copying: try items.word("query")))
        case .confirm: .confirm(login: try items.text("login id"))
        case .cancel: .cancel(login: try items.text("login id"))
        case .await: .await(login: try items.text("login id"), wait: try wait(&items))
        case .logout: .logout(name: try items.text("name"))
        case .import: try importToken(&items)
        case .renew: .renew(name: try items.text("name"))
        case .reload: .reload
        case .explain: .explain(try explain(&items))
        case .metrics: .metrics
        case .ping: .ping
        case .hello: .hello
        case .help: .help
        case .quit: .quit
        }
    }

    private static func query(_ items: inout RequestScanner) throws(Refusal) -> TokenQuery {
        var query = TokenQuery(name: try items.text("name"))
        var scopes: Set<String> = []
        while let field = try items.field() {
            switch field.key {
            case .minValid: query.minValid = try field.lifetime()
            case .wait: query.wait = try field.wait()
            case .scope:
                let scope = try field.scope()
                // a repeated scope is not an error
                if scopes.insert(scope).inserted { query.scopes.append(scope) }
            case .audience: query.audience = try field.text()
            case .id, .redirectURI, .flow, .confirm, .expires, .uid, .gid, .unit: throw items.unsupportedKey(field.key)
            }
        }
        return query
    }

    private static func wait(_ items: inout RequestScanner) throws(Refusal) -> Int {
        guard let field = try items.field() else { return TokenQuery.defaultWait }
        guard field.key == .wait else { throw items.unsupportedKey(field.key) }
        return try field.wait()
    }

    private static func reject(_ items: inout RequestScanner) throws(Refusal) -> Request {
        let name = try items.text("name")
        var id: Fingerprint?
        var wait = TokenQuery.defaultWait
        while let field = try items.field() {
            switch field.key {
            case .id: id = try field.fingerprint()
            case .wait: wait = try field.wait()
            case .minValid, .scope, .audience, .redirectURI, .flow, .confirm, .expires, .uid, .gid, .unit: throw items.unsupportedKey(field.key)
            }
        }
        return .reject(name: name, id: id, wait: wait)
    }

    private static func login(_ items: inout RequestScanner) throws(Refusal) -> Request {
        let name = try items.text("name")
        var redirectURI: String?
        var flow: String?
        var confirmsFirst = false
        while let field = try items.field() {
            switch field.key {
            case .redirectURI: redirectURI = try field.text()
            case .flow: flow = try field.flow()
            case .confirm: confirmsFirst = try field.confirmsFirst()
            case .minValid, .wait, .scope, .audience, .id, .expires, .uid, .gid, .unit: throw items.unsupportedKey(field.key)
            }
        }
        guard redirectURI == nil || flow == nil else { throw .badRequest("flow=device has no redirect-uri") }
        return .login(name: name, redirectURI: redirectURI, flow: flow, confirmsFirst: confirmsFirst)
    }

    private static func importToken(_ items: inout RequestScanner) throws(Refusal) -> Request {
        let name = try items.text("name")
        let token = try items.word("token")
        guard let field = try items.field() else { return .importToken(name: name, token: Secret(copying: token), expires: nil) }
        guard field.key == .expires else { throw items.unsupportedKey(field.key) }
        return .importToken(name: name, token: Secret(copying: token), expires: try field.text())
    }

    private static func explain(_ items: inout RequestScanner) throws(Refusal) -> ExplainQuery {
        let name = try items.text("name")
        var uid: UInt32?
        var gids: [UInt32] = []
        var unit: String?
        while let field = try items.field() {
            switch field.key {
            case .uid: uid = try field.numericID()
            case .gid: gids.append(try field.numericID())
            case .unit: unit = try field.text()
            case .minValid, .wait, .scope, .audience, .id, .redirectURI, .flow, .confirm, .expires: throw items.unsupportedKey(field.key)
            }
        }
        guard let uid else { throw .badRequest("EXPLAIN needs uid=") }
        return ExplainQuery(name: name, uid: uid, gids: gids, unit: unit)
    }
}
