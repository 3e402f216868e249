package import Secrets

extension ServedToken {
    /// The part of the line after the token, including the LF: ` type=Bearer expires=… id=… scope=…\n`. It contains no secret, so it is built once
    /// per token. Scopes beyond `mostScopeBytes` are omitted: a server may grant thousands, and every reply would contain them.
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

    /// The maximum size of all ` scope=…` fields of a reply together.
    package static let mostScopeBytes = 4_096

    /// Writes the reply line of GET, `OK <token> type=…`, with its LF.
    package func writeLine(to buffer: SecretBuffer) { writeLine(after: "OK ", to: buffer) }

    /// Writes the reply line of HEADER, `OK <header name>: …`, with its LF.
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
    /// Seconds since the epoch, or `never`.
    package var description: String {
        switch self {
        case .at(let seconds): String(seconds)
        case .never: "never"
        }
    }

    /// The permitted range of times from outside the process, in seconds since the epoch. Sums and differences of two such times do not overflow. The
    /// range ends with the year 9999, the last one in RFC 3339.
    package static let times: ClosedRange<Int64> = -253_402_300_799...253_402_300_799

    /// Parses what `description` writes. `nil` for anything else, and for a time outside `times`.
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
