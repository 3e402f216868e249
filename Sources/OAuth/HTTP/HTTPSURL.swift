internal import Codecs

/// An absolute `https` URL that was checked strictly, so that the checked text is the requested URL.
///
/// It has only printable ASCII, no user name, no fragment and no `.` or `..` segments. An IPv4 address is in dotted decimal.
package struct HTTPSURL: Hashable, Sendable, CustomStringConvertible {
    /// The text as written. It is sent and compared.
    package let text: String
    /// In lower case; an IPv6 address is in brackets.
    package let host: String
    package let port: Int
    /// Empty, or begins with a slash.
    package let path: String
    package let query: String?

    /// Why a text is rejected. `description` continues a sentence: "… is not an absolute https URL".
    package enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
        case notHTTPS
        case tooLong
        case characters
        case userInfo
        case host
        case port
        case query
        case fragment
        case dotSegment

        package var description: String {
            switch self {
            case .notHTTPS: "is not an absolute https URL"
            case .tooLong: "is longer than \(HTTPSURL.longest) bytes"
            case .characters: "has a character that is not permitted in a URL"
            case .userInfo: "has a user name"
            case .host: "has no usable host"
            case .port: "has no usable port"
            case .query: "has a query"
            case .fragment: "has a fragment"
            case .dotSegment: "has a '.' or '..' in its path"
            }
        }
    }

    package static let longest = 2048
    private static let scheme = "https://"

    /// - Parameter allowsQuery: `true` for an endpoint (RFC 6749 section 3.2), `false` for an issuer (RFC 8414 section 2).
    package init(_ text: String, allowsQuery: Bool = false) throws(Problem) {
        guard text.utf8.count <= Self.longest else { throw .tooLong }
        guard text.prefix(Self.scheme.count).lowercased() == Self.scheme else { throw .notHTTPS }
        guard Self.isSpelledRight(text.utf8) else { throw .characters }
        guard !text.utf8.contains(UInt8(ascii: "#")) else { throw .fragment }
        let rest = text.dropFirst(Self.scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let (path, query) = Self.split(rest.dropFirst(authority.count))
        guard allowsQuery || query == nil else { throw .query }
        guard !path.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }) else { throw .dotSegment }
        (host, port) = try Self.hostAndPort(authority)
        self.text = text
        self.path = path
        self.query = query
    }

    /// Without the query, which may contain secrets.
    package var description: String { origin + path }

    /// Scheme, host and port, in the form of a URL prefix.
    package var origin: String { Self.scheme + host + (port == 443 ? "" : ":\(port)") }

    package func isOnSameHost(as other: HTTPSURL) -> Bool { host == other.host }

    private static func split(_ rest: Substring) -> (path: String, query: String?) {
        guard let mark = rest.firstIndex(of: "?") else { return (String(rest), nil) }
        return (String(rest[..<mark]), String(rest[rest.index(after: mark)...]))
    }

    /// Only characters of RFC 3986; a percent sign only before two hex digits.
    private static func isSpelledRight(_ bytes: String.UTF8View) -> Bool {
        var digitsOwed = 0
        for byte in bytes {
            if digitsOwed > 0 {
                guard Hex.value(of: byte) != nil else { return false }
                digitsOwed -= 1
            } else if byte == UInt8(ascii: "%") {
                digitsOwed = 2
            } else {
                guard (0x21...0x7E).contains(byte), !"\"<>\\^`{|}".utf8.contains(byte) else { return false }
            }
        }
        return digitsOwed == 0
    }
}
