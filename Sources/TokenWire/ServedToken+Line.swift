package import Secrets

extension ServedToken {
    /// What follows the token in its line, LF included: ` type=Bearer expires=… id=… scope=…\n`. Holds no secret, so it
    /// is made once per token. Scopes beyond `mostScopeBytes` are left out: a server may grant thousands, and every reply would carry them.
    package func writeTail() -> [UInt8] {
        var tail = Array(" type=Bearer expires=\(expires) id=\(id)".utf8)
        let end = tail.count + Self.mostScopeBytes
        for scope in scopes {
            let item = Array(" scope=".utf8) + PercentEncoding.encode(scope, keeping: PercentEncoding.isPlain)
            guard tail.count + item.count <= end else { break }
            tail += item
        }
        tail.append(.lineFeed)
        return tail
    }

    /// All ` scope=…` of one reply together.
    package static let mostScopeBytes = 4_096

    /// Writes `OK <token> type=…` with its LF, as GET is answered.
    package func writeLine(to buffer: SecretBuffer) { writeLine(after: "OK ", to: buffer) }

    /// Writes `OK <name of the header>: …` with its LF, as HEADER is answered.
    package func writeHeaderLine(to buffer: SecretBuffer) {
        buffer.append("OK ")
        buffer.append(header.opening)
        buffer.append(token)
        buffer.append(.lineFeed)
    }

    func writeLine(after opening: StaticString, to buffer: SecretBuffer) {
        buffer.append(opening)
        buffer.append(token)
        writeTail().withUnsafeBytes { buffer.append($0) }
    }
}

extension HeaderForm {
    /// The header line up to the token.
    package var opening: StaticString {
        switch self {
        case .authorization: "Authorization: Bearer "
        case .apiKey: "X-Api-Key: "
        }
    }
}

extension Expiry: CustomStringConvertible {
    /// As a line says it: seconds since the epoch, or `never`.
    package var description: String {
        switch self {
        case .at(let seconds): String(seconds)
        case .never: "never"
        }
    }

    /// Seconds since the epoch that a time from outside the process may name: within it no sum or difference of two times overflows. Its end is
    /// that of the year 9999, the last that RFC 3339 can write.
    package static let times: ClosedRange<Int64> = -253_402_300_799...253_402_300_799

    /// Reads what `description` writes; `nil` also for a time outside `times`.
    package init?(_ text: String) {
        if text == "never" {
            self = .never
        } else if let seconds = Int64(text), Self.times.contains(seconds) {
            self = .at(seconds)
        } else {
            return nil
        }
    }
}
