package import Secrets

extension Reply {
    /// Writes the whole reply, rows first. Every line ends with an LF and has at most 65,536 bytes.
    ///
    /// No value can break a line: words, values and control characters in free text are percent-encoded. Fields that do not fit are omitted, and text
    /// is truncated.
    package func write(to buffer: SecretBuffer) {
        switch self {
        case .ok(let words, let fields): Reply.writeOK(words, fields, to: buffer)
        case .token(let token): token.writeLine(to: buffer)
        case .header(let token): token.writeHeaderLine(to: buffer)
        case .rows(let rows, let words, let fields):
            for row in rows { row.write(to: buffer) }
            Reply.writeOK(words, fields, to: buffer)
        case .refused(let refusal, let rows):
            for row in rows { row.write(to: buffer) }
            refusal.write(to: buffer)
        }
    }

    private static func writeOK(_ words: [String], _ fields: [Field], to buffer: SecretBuffer) {
        var line = ReplyLineWriter(buffer, "OK")
        line.words(words)
        line.fields(fields)
        line.end()
    }
}

extension Row {
    /// Writes the row as one line.
    package func write(to buffer: SecretBuffer) {
        switch self {
        case .fields(let words, let fields): Row.write(words, fields, to: buffer)
        case .text(let text):
            var line = ReplyLineWriter(buffer, "+")
            line.text(text)
            line.end()
        case .token(let token): token.writeLine(after: "+ ", to: buffer)
        case .trouble(let state, let reason):
            Row.write(["-"], [Field("state", state), Field("reason", reason)], to: buffer)
        }
    }

    private static func write(_ words: [String], _ fields: [Field], to buffer: SecretBuffer) {
        var line = ReplyLineWriter(buffer, "+")
        line.words(words)
        line.fields(fields)
        line.end()
    }
}

extension Refusal {
    /// Writes the `ERR` line.
    package func write(to buffer: SecretBuffer) {
        var line = ReplyLineWriter(buffer, "ERR")
        line.words([code.rawValue])
        line.fields(fields)
        line.words([":"])
        line.text(text)
        line.end()
    }
}
