package import Secrets

/// One line of a reply, parsed by a client.
package enum ReplyLine: Sendable {
    /// `+ …`: more lines follow.
    case row(ReplyBody)
    /// `OK …`: the request succeeded, and the reply ends.
    case ok(ReplyBody)
    /// `ERR …`: the request failed, and the reply ends. An unknown code is read as `internal`.
    case refused(Refusal)
    /// Not a line of the protocol.
    case malformed

    /// Parses one line without its LF.
    package init(_ line: UnsafeRawBufferPointer) {
        switch ReplyLine.opening(of: line) {
        case .row(let start)?: self = .row(ReplyBody(line.part(start..<line.count)))
        case .ok(let start)?: self = .ok(ReplyBody(line.part(start..<line.count)))
        case .refused(let start)?: self = Refusal(line.part(start..<line.count)).map(ReplyLine.refused) ?? .malformed
        case nil: self = .malformed
        }
    }

    /// Whether the client should simply connect again.
    package var isConnectAgain: Bool {
        if case .refused(let refusal) = self { refusal.isConnectAgain } else { false }
    }

    private enum Opening { case row(Int), ok(Int), refused(Int) }

    private static func opening(of line: UnsafeRawBufferPointer) -> Opening? {
        let end = line.firstOffset(of: .space) ?? line.count
        let word = line.part(0..<end)
        let start = min(end + 1, line.count)
        if word.matches("OK") { return .ok(start) }
        if word.matches("+") { return .row(start) }
        if word.matches("ERR") { return .refused(start) }
        return nil
    }
}

/// The part of a line after `OK` or `+`. It may contain a token, so the bytes are a secret.
package struct ReplyBody: Sendable {
    /// All bytes as received, such as the header line of a HEADER reply.
    package let secret: Secret

    init(_ bytes: UnsafeRawBufferPointer) { secret = Secret(copying: bytes) }

    /// All bytes as text, for rows without a secret.
    package var text: String { secret.withBytes { String(decoding: $0, as: UTF8.self) } }

    /// The first `count` words, and the decoded fields after them. `nil` unless there are that many words, followed only by fields. For lines without
    /// a secret.
    package func items(words count: Int) -> (words: [String], fields: [Field])? {
        secret.withBytes { bytes in
            let items = bytes.isEmpty ? [] : bytes.split(separator: .space, omittingEmptySubsequences: false)
            guard items.count >= count else { return nil }
            let fields = items.dropFirst(count).compactMap { Field(UnsafeRawBufferPointer(rebasing: $0)) }
            guard fields.count == items.count - count else { return nil }
            return (items.prefix(count).map { String(decoding: $0, as: UTF8.self) }, fields)
        }
    }

    /// The token of a GET reply or of a WATCH row. `nil` if the line is not one.
    package var token: ServedToken? {
        secret.withBytes { bytes in
            guard let end = bytes.firstOffset(of: .space) else { return nil }
            let token = Secret(copying: bytes.part(0..<end))
            guard token.isBearerToken, let (_, fields) = ReplyBody(bytes.part(end + 1..<bytes.count)).items(words: 0),
                let expires = fields.first("expires").flatMap(Expiry.init), let id = fields.first("id").flatMap({ Fingerprint($0) })
            else { return nil }
            return ServedToken(token: token, expires: expires, id: id, scopes: fields.all("scope"))
        }
    }
}

extension Field {
    /// Parses `key=value`. `nil` for anything else, and if a byte is not printable ASCII: a value encodes it as `%XX`.
    init?(_ item: UnsafeRawBufferPointer) {
        guard let equals = item.firstOffset(of: .equals), equals > 0, item.allSatisfy(PercentEncoding.isWordByte),
            let value = PercentEncoding.decode(item.part(equals + 1..<item.count))
        else { return nil }
        self.init(String(decoding: item.part(0..<equals), as: UTF8.self), value)
    }
}

extension [Field] {
    /// The value of the first field with this key.
    package func first(_ key: String) -> String? { first { $0.key == key }?.value }

    /// The values of all fields with this key.
    package func all(_ key: String) -> [String] { filter { $0.key == key }.map(\.value) }
}

extension Refusal {
    /// Parses the part of the line after `ERR `.
    init?(_ bytes: UnsafeRawBufferPointer) {
        let items = bytes.split(separator: .space, omittingEmptySubsequences: false).map { UnsafeRawBufferPointer(rebasing: $0) }
        guard let code = items.first, !code.isEmpty, let colon = items.firstIndex(where: { $0.matches(":") }) else { return nil }
        let fields = items[1..<max(colon, 1)].compactMap { Field($0) }
        guard colon > 0, fields.count == colon - 1 else { return nil }
        let text = items[(colon + 1)...].map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
        self.init(RefusalCode(rawValue: String(decoding: code, as: UTF8.self)) ?? .internal, fields, text)
    }
}
