package import Secrets

/// A JSON value. Its strings refer to the secret they were parsed from.
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    /// as written, in the grammar of RFC 8259 section 6
    case number(String)
    case string(JSONString)
    case array([JSONValue])
    case object(JSONObject)
}

/// A JSON string that was not copied yet.
package struct JSONString: Sendable {
    let source: Secret
    /// The range between the quotation marks. Its escape sequences were checked.
    package let span: Range<Int>
    let isEscaped: Bool

    package var isEmpty: Bool { span.isEmpty }

    /// The decoded characters, in memory that is wiped.
    package var secret: Secret { isEscaped ? source.resolvingEscapes(in: span) : source[span] }

    /// The decoded characters of a member that is not secret.
    package var text: String { secret.withBytes { String(decoding: $0, as: UTF8.self) } }
}

/// A JSON object without repeated names.
package struct JSONObject: Sendable {
    // keyed by bytes: `String` equality would treat canonically equivalent names as equal
    package private(set) var members: [[UInt8]: JSONValue] = [:]

    /// The member with this name; `nil` if it is missing or null (TR-13).
    package subscript(name: String) -> JSONValue? {
        guard let value = members[Array(name.utf8)] else { return nil }
        if case .null = value { return nil }
        return value
    }

    /// A string member that is not secret.
    package func text(_ name: String) -> String? {
        guard case .string(let string)? = self[name] else { return nil }
        return string.text
    }

    /// An array of strings; `nil` if the member has another type.
    package func texts(_ name: String) -> [String]? {
        guard case .array(let values)? = self[name] else { return nil }
        var texts: [String] = []
        for value in values {
            guard case .string(let string) = value else { return nil }
            texts.append(string.text)
        }
        return texts
    }

    /// Returns `false` if the name exists already.
    mutating func insert(_ value: JSONValue, as name: [UInt8]) -> Bool {
        members.updateValue(value, forKey: name) == nil
    }
}
