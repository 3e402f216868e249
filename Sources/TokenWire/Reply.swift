package import Secrets

/// One reply: rows, and a final `OK` or `ERR` line.
package enum Reply: Sendable {
    /// `OK <words> <fields>`
    case ok(words: [String] = [], fields: [Field] = [])
    /// `OK <token> type=… expires=… id=… scope=…`
    case token(ServedToken)
    /// `OK Authorization: Bearer …` or `OK X-Api-Key: …`
    case header(ServedToken)
    /// `+ …` rows, then the final line
    case rows([Row], words: [String] = [], fields: [Field] = [])
    /// rows (the problems of RELOAD), then `ERR`
    case refused(Refusal, rows: [Row] = [])
}

/// A line that begins with `+ `.
package enum Row: Sendable {
    /// words and fields, as in LIST and STATUS
    case fields(words: [String], [Field])
    /// free text up to the end of the line: HELP, EXPLAIN, RELOAD, METRICS. Control characters are percent-encoded.
    case text(String)
    /// WATCH: `+ <token> type=… expires=… id=…`
    case token(ServedToken)
    /// WATCH without a token: `+ - state=… reason=…`
    case trouble(state: String, reason: String)
}

/// A token in a reply.
package struct ServedToken: Sendable {
    package var token: Secret
    package var expires: Expiry
    package var id: Fingerprint
    /// The granted scopes in the server's order.
    package var scopes: [String]
    package var header: HeaderForm

    package init(token: Secret, expires: Expiry, id: Fingerprint, scopes: [String], header: HeaderForm = .authorization) {
        self.token = token
        self.expires = expires
        self.id = id
        self.scopes = scopes
        self.header = header
    }
}

/// When a token expires, on the wall clock.
package enum Expiry: Hashable, Sendable {
    /// seconds since the epoch
    case at(Int64)
    case never
}

/// The header in which an API expects the token. Only one is used per request.
package enum HeaderForm: String, Hashable, Sendable, CaseIterable {
    case authorization = "Authorization"
    case apiKey = "X-Api-Key"
}
