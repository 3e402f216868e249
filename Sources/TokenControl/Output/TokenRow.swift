internal import TokenWire

/// A row of LIST or STATUS.
struct TokenRow {
    let name: String
    let fields: [Field]

    init(_ row: ReplyBody) throws(Failure) {
        guard let items = row.items(words: 1), let name = items.words.first else { throw .strangeReply }
        self.name = name
        fields = items.fields
    }

    /// The keys in the order of the row, each once.
    var keys: [String] {
        fields.map(\.key).reduce(into: []) { keys, key in if !keys.contains(key) { keys.append(key) } }
    }

    /// Keys that hold a number, or `never`.
    static func isNumber(_ key: String) -> Bool { isTime(key) || key == "failures" || key == "retry-after" }

    /// Keys that hold seconds since the epoch, or `never`.
    static func isTime(_ key: String) -> Bool { key == "expires" || key == "renews" || key == "login-until" }
}

extension [TokenRow] {
    /// Asks for rows.
    init(_ request: Request, from socket: SocketPath) throws(Failure) {
        self = try .init(DaemonConnection(request, at: socket))
    }

    /// The rows of the reply that comes.
    init(_ daemon: consuming DaemonConnection) throws(Failure) {
        self = []
        for row in try daemon.reply().rows { append(try TokenRow(row)) }
    }

    /// One line of JSON: a list of objects.
    var json: String { JSON.list(map { JSON($0) }).description + "\n" }
}
