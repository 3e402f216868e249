internal import Secrets

/// The error of RFC 6749 section 5.2, as far as it may be shown.
struct OAuthError: CustomStringConvertible {
    /// Printable ASCII, 1 to 64 bytes.
    let code: String
    /// The server's words for people: printable ASCII, at most 200 bytes (LOG-05).
    let remark: String?

    /// Bytes; nobody explains an error at greater length.
    private static let longestRemark = 4096
    private static let longestCode = 4096

    /// `nil` unless the body is a JSON object with a readable `error`.
    /// - Parameter secrets: what was sent. A server that sends it back, in whatever member, is not quoted.
    init?(_ body: Secret, withholding secrets: [Secret]) {
        guard case .success(let object) = JSONObject.read(body) else { return nil }
        self.init(object, withholding: secrets)
    }

    init?(_ object: JSONObject, withholding secrets: [Secret]) {
        guard case .string(let error)? = object["error"], !error.isEmpty else { return nil }
        code = error.span.count > Self.longestCode || error.secret.holds(anyOf: secrets) ? "withheld" : error.text.withoutTokens.shown(atMost: 64)
        remark = Self.remark(object, secrets)
    }

    private static func remark(_ object: JSONObject, _ secrets: [Secret]) -> String? {
        guard case .string(let description)? = object["error_description"], (1...longestRemark).contains(description.span.count),
            !description.secret.holds(anyOf: secrets)
        else { return nil }
        return description.text.withoutTokens.shown()
    }

    var description: String { remark.map { "\(code) ('\($0)')" } ?? code }
}

extension Secret {
    /// Whether one of these occurs in it, or a part of one: 24 bytes that some server cut out of it. Not in constant time: it is for a text
    /// that the server wrote.
    func holds(anyOf others: [Secret]) -> Bool { others.contains { !$0.isEmpty && holdsPart(of: $0) } }

    /// Every 24 bytes hold 16 that begin at an eighth place.
    private func holdsPart(of other: Secret) -> Bool {
        withBytes { bytes in
            other.withBytes { other in
                stride(from: 0, through: max(other.count - 16, 0), by: 8).contains { place in
                    let part = other[place..<min(place + 16, other.count)]
                    guard part.count <= bytes.count else { return false }
                    return (0...(bytes.count - part.count)).contains { bytes[$0...].starts(with: part) }
                }
            }
        }
    }
}
