package import Secrets

extension Request {
    /// Writes the request as one line with its LF, in the form that `parse` reads.
    ///
    /// Throws and writes nothing if a word cannot be read back because it is empty, contains a space or is not printable ASCII (`bad-request`), or if
    /// the line is too long (`too-long`).
    package func write(to buffer: SecretBuffer) throws(Refusal) {
        let line = RequestLine(verb)
        switch self {
        case .get(let query), .header(let query), .watch(let query): try line.add(query)
        case .reject(let name, let id, let wait):
            try line.add(name)
            if let id { line.add(.id, id.description) }
            line.add(wait: wait)
        case .wait(let name, let wait), .await(let name, let wait):
            try line.add(name)
            line.add(wait: wait)
        case .status(let name):
            if let name { try line.add(name) }
        case .login(let name, let redirectURI, let flow, let confirmsFirst):
            try line.add(name)
            if let redirectURI { line.add(.redirectURI, redirectURI) }
            if let flow { line.add(.flow, flow) }
            if confirmsFirst { line.add(.confirm, "first") }
        case .callback(let login, let answer):
            try line.add(login)
            try line.add(answer)
        case .importToken(let name, let token, let expires):
            try line.add(name)
            try line.add(token)
            if let expires { line.add(.expires, expires) }
        case .logout(let word), .renew(let word), .confirm(let word), .cancel(let word): try line.add(word)
        case .explain(let query): try line.add(query)
        case .list, .reload, .metrics, .ping, .hello, .help, .quit: break
        }
        guard line.finish(into: buffer) else { throw line.refusal }
    }
}

extension RequestLine {
    fileprivate func add(_ query: TokenQuery) throws(Refusal) {
        try add(query.name)
        if let minValid = query.minValid { add(.minValid, String(minValid)) }
        add(wait: query.wait)
        for scope in query.scopes { add(.scope, scope) }
        if let audience = query.audience { add(.audience, audience) }
    }

    fileprivate func add(_ query: ExplainQuery) throws(Refusal) {
        try add(query.name)
        add(.uid, String(query.uid))
        for gid in query.gids { add(.gid, String(gid)) }
        if let unit = query.unit { add(.unit, unit) }
    }

    fileprivate func add(wait seconds: Int) {
        if seconds != TokenQuery.defaultWait { add(.wait, String(seconds)) }
    }

    fileprivate func add(_ key: RequestKey, _ value: String) {
        var value = value
        value.withUTF8 { add(key: key.name, value: UnsafeRawBufferPointer($0)) }
    }

    fileprivate func add(_ word: String) throws(Refusal) {
        var bytes = word
        guard bytes.withUTF8({ add(word: UnsafeRawBufferPointer($0)) }) else {
            throw .badRequest("\(Quotation.of(word)) cannot be a word of a request: it must be printable ASCII without spaces")
        }
    }

    fileprivate func add(_ word: Secret) throws(Refusal) {
        guard word.withBytes({ add(word: $0) }) else {
            throw .badRequest("a word of a request must be printable ASCII without spaces")
        }
    }
}
