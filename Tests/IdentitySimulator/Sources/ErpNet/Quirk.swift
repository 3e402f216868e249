/// One oddity of an otherwise right answer.
package enum Quirk: Equatable, Sendable {
    /// A member is replaced, or taken away with `nil`.
    case member(String, JSON?)
    case body(Body)
    /// `nil` leaves the header out.
    case contentType(String?)

    package enum Body: String, CaseIterable, Sendable {
        /// A page, with a page's content type.
        case html
        /// A byte order mark in front of the document.
        case bom
        /// Every member comes twice, the second time with another value.
        case duplicate
        /// A member of blanks brings the document to 2 MiB.
        case twoMiB = "2mib"
        case empty
        /// The document in an array.
        case array
        /// The last byte is missing, the length agrees with that.
        case truncated
        /// The document and then some more.
        case trailing
        /// A byte that is no UTF-8.
        case latin1
        /// Ten thousand arrays inside each other.
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
