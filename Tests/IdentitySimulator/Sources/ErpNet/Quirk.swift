/// An anomaly of an otherwise correct response.
package enum Quirk: Equatable, Sendable {
    /// Replaces a member; `nil` removes it.
    case member(String, JSON?)
    case body(Body)
    /// `nil` removes the header.
    case contentType(String?)

    package enum Body: String, CaseIterable, Sendable {
        /// An HTML page with its content type.
        case html
        /// A byte order mark before the document.
        case bom
        /// Every member is repeated with another value.
        case duplicate
        /// A member of spaces extends the document to 2 MiB.
        case twoMiB = "2mib"
        case empty
        /// The document in an array.
        case array
        /// The last byte is missing, and the length is that of the rest.
        case truncated
        /// The document has trailing content.
        case trailing
        /// A byte that is not UTF-8.
        case latin1
        /// Ten thousand nested arrays.
        case deep
        /// `{"error":"invalid_grant"}` with the status of success.
        case error
    }

    static let names = "expires-in, token-type, scope, access-token, refresh-token, id-token, body or content-type"

    package init(_ name: String, _ value: String) throws(ControlError) {
        switch name {
        case "expires-in": self = .member("expires_in", Self.expiry(value))
        case "token-type", "scope", "access-token", "refresh-token", "id-token":
            self = .member(String(name.map { $0 == "-" ? "_" : $0 }), Self.text(value))
        case "content-type": self = .contentType(value == "missing" ? nil : value)
        case "body":
            guard let body = Body(rawValue: value) else {
                throw ControlError("\"body\" is one of \(Body.allCases.map(\.rawValue).joined(separator: ", ")), not \"\(value)\"")
            }
            self = .body(body)
        default: throw ControlError("no quirk \"\(name)\"; it is \(Self.names)")
        }
    }

    private static func expiry(_ value: String) -> JSON? {
        switch value {
        case "missing": nil
        case "null": .null
        case "string": "3600"
        case "fraction": .verbatim("3599.5")
        case "huge": .verbatim("99999999999999999999")
        default: Int(value).map { .number($0) } ?? .string(value)
        }
    }

    private static func text(_ value: String) -> JSON? {
        switch value {
        case "missing": nil
        case "null": .null
        case "empty": ""
        case "number": 7
        case "array": ["read", "update"]
        case "blank": "a token with blanks"
        case "line-feed": "token\nOK forged"
        case "long": .string(String(repeating: "A", count: 1 << 20))
        default: .string(value)
        }
    }
}
