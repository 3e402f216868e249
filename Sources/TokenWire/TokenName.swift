/// The name of a token: `application.token`, each part `[a-z0-9][a-z0-9_-]{0,31}`.
///
/// It needs no escaping as a systemd instance name, as a credential id and as a file name.
package struct TokenName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The whole name, `application.token`.
    package let description: String

    /// `nil` unless the text is two valid parts joined by a dot.
    package init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ Self.isPart($0) }) else { return nil }
        description = text
    }

    /// `nil` unless both parts are valid.
    package init?(application: String, token: String) {
        guard Self.isPart(application.utf8), Self.isPart(token.utf8) else { return nil }
        description = application + "." + token
    }

    package var application: Substring { description.prefix { $0 != "." } }
    package var token: Substring { description.drop { $0 != "." }.dropFirst() }

    /// Whether a text is a valid part.
    package static func isPart(_ bytes: some Collection<UInt8>) -> Bool {
        guard let first = bytes.first, bytes.count <= 32, isAlphanumeric(first) else { return false }
        return bytes.dropFirst().allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    package static func < (a: TokenName, b: TokenName) -> Bool { a.description < b.description }
}
