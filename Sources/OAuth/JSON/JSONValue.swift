internal import Secrets

/// A value of a JSON text. Its strings still lie in the secret they were read from.
enum JSONValue: Sendable {
    case null
    case bool(Bool)
    /// as written, by the grammar of RFC 8259 section 6
    case number(String)
    case string(JSONString)
    case array([JSONValue])
    case object(JSONObject)
}

/// A string of a JSON text, not yet copied out of it.
struct JSONString: Sendable {
    let source: Secret
    /// Between the quotation marks; every escape in it has been checked.
    let span: Range<Int>
    let isEscaped: Bool

    var isEmpty: Bool { span.isEmpty }

    /// The characters, escapes resolved, in memory that is wiped.
    var secret: Secret { isEscaped ? source.resolvingEscapes(in: span) : source[span] }

    /// The characters, for members that are no secret.
    var text: String { secret.withBytes { String(decoding: $0, as: UTF8.self) } }
}

/// An object of a JSON text; no name occurs twice in it.
struct JSONObject: Sendable {
    // by bytes: equality of String would take different code points for the same name
    private(set) var members: [[UInt8]: JSONValue] = [:]

    /// The member of this name; `nil` when it is absent or null (TR-13).
    subscript(name: String) -> JSONValue? {
        guard let value = members[Array(name.utf8)] else { return nil }
        if case .null = value { return nil }
        return value
    }

    /// The text of a string member that is no secret.
    func text(_ name: String) -> String? {
        guard case .string(let string)? = self[name] else { return nil }
        return string.text
    }

    /// The texts of an array of strings; `nil` unless it is one.
    func texts(_ name: String) -> [String]? {
        guard case .array(let values)? = self[name] else { return nil }
        var texts: [String] = []
        for value in values {
            guard case .string(let string) = value else { return nil }
            texts.append(string.text)
        }
        return texts
    }

    /// `false` if the name is there already.
    mutating func insert(_ value: JSONValue, as name: [UInt8]) -> Bool {
        members.updateValue(value, forKey: name) == nil
    }
}
