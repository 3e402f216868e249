package import Secrets

extension Request {
    /// Writes the request as one line with its LF, in the form that `parse` reads.
    ///
    /// Fails, and writes nothing, when a word could not be read back: empty, with a space, not printable ASCII
    /// (`bad-request`), or when the line would be too long (`too-long`).
    package func write(to buffer: SecretBuffer) throws(Refusal) {
        var line = RequestLine(verb)
        switch self {
        case .get(let query), .header(let query), .watch(let query): try line.add(query)
        case .reject(let name, let id, let wait):
            try line.word(name)
            if let id { line.field(.id, id.description) }
            line.wait(wait)
        case .wait(let name, let wait), .await(let name, let wait):
            try line.word(name)
            line.wait(wait)
        case .status(let name):
            if let name { try line.word(name) }
        case .login(let name, let redirectURI, let flow):
            try line.word(name)
            if let redirectURI { line.field(.redirectURI, redirectURI) }
            if let flow { line.field(.flow, flow) }
        case .callback(let login, let answer):
            try line.word(login)
            try line.word(answer)
        case .importToken(let name, let token, let expires):
            try line.word(name)
            try line.word(token)
            if let expires { line.field(.expires, expires) }
        case .logout(let word), .renew(let word), .confirm(let word): try line.word(word)
        case .explain(let query): try line.add(query)
        case .list, .reload, .metrics, .ping, .hello, .help, .quit: break
        }
        try line.finish(into: buffer)
    }
}

/// A request line as it grows.
private struct RequestLine {
    private let verb: Verb
    private let bytes = SecretBuffer()

    init(_ verb: Verb) {
        self.verb = verb
        bytes.append(text: verb.rawValue)
    }

    mutating func add(_ query: TokenQuery) throws(Refusal) {
        try word(query.name)
        if let minValid = query.minValid { field(.minValid, String(minValid)) }
        wait(query.wait)
        for scope in query.scopes { field(.scope, scope) }
        if let audience = query.audience { field(.audience, audience) }
    }

    mutating func add(_ query: ExplainQuery) throws(Refusal) {
        try word(query.name)
        field(.uid, String(query.uid))
        for gid in query.gids { field(.gid, String(gid)) }
        if let unit = query.unit { field(.unit, unit) }
    }

    mutating func wait(_ seconds: Int) {
        if seconds != TokenQuery.defaultWait { field(.wait, String(seconds)) }
    }

    mutating func field(_ key: Key, _ value: String) {
        bytes.append(.space)
        bytes.append(text: key.name)
        bytes.append(.equals)
        bytes.append(escaping: value, keeping: Escaping.isPlain)
    }

    mutating func word(_ text: String) throws(Refusal) {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0.isPrintable && $0 != .space })
        else { throw .badRequest("\(Quotation.of(text)) cannot be a word of a request: it must be printable ASCII without spaces") }
        bytes.append(.space)
        bytes.append(text: text)
    }

    mutating func word(_ secret: Secret) throws(Refusal) {
        guard !secret.isEmpty, secret.withBytes({ $0.allSatisfy { $0.isPrintable && $0 != .space } })
        else { throw .badRequest("a word of a request must be printable ASCII without spaces") }
        bytes.append(.space)
        bytes.append(secret)
    }

    func finish(into buffer: SecretBuffer) throws(Refusal) {
        let limit = verb.mayBeLong ? LineReader.longLimit : LineReader.limit
        guard bytes.count < limit else { throw Refusal(.tooLong, [], "the request is longer than \(limit) bytes") }
        bytes.append(.lineFeed)
        bytes.withBytes { buffer.append($0) }
    }
}
