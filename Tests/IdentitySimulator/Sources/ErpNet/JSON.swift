/// A JSON value that keeps the order of its members, so that an answer looks like ERP.net's.
package enum JSON: Equatable, Sendable {
    case null
    case boolean(Bool)
    case number(Int)
    case decimal(Double)
    case string(String)
    case array([JSON])
    case object([Member])
    /// Text that goes into the document as it is, right or wrong.
    case verbatim(String)

    package struct Member: Equatable, Sendable {
        package let name: String
        package let value: JSON

        package init(name: String, value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// The first member of that name; `nil` when there is none or this is no object.
    package subscript(name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The members of an object; none for anything else.
    package var members: [Member] {
        guard case .object(let members) = self else { return [] }
        return members
    }

    /// The object without that member.
    package func removing(_ name: String) -> JSON {
        .object(members.filter { $0.name != name })
    }

    /// The object with that member in its old place, or at the end when it is new.
    package func setting(_ name: String, to value: JSON) -> JSON {
        guard self[name] != nil else { return appending(name, value) }
        return .object(members.map { $0.name == name ? Member(name: name, value: value) : $0 })
    }

    /// The object with one more member at its end, whether or not it has that name already.
    package func appending(_ name: String, _ value: JSON) -> JSON {
        .object(members + [Member(name: name, value: value)])
    }

    /// A member that is left out when there is no value.
    package func appending(_ name: String, ifPresent value: String?) -> JSON {
        value.map { appending(name, .string($0)) } ?? self
    }
}

extension JSON: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .number(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
    package init(nilLiteral: ()) { self = .null }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member(name: $0.0, value: $0.1) })
    }
}

extension JSON {
    package init(_ strings: some Sequence<String>) { self = .array(strings.map { .string($0) }) }
}

extension JSON: CustomStringConvertible {
    /// The document on one line, without blanks between its parts.
    package var description: String {
        switch self {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .number(let value): String(value)
        case .decimal(let value): String(value)
        case .string(let value): Self.quoted(value)
        case .array(let values): "[" + values.map(\.description).joined(separator: ",") + "]"
        case .object(let members): "{" + members.map(\.description).joined(separator: ",") + "}"
        case .verbatim(let text): text
        }
    }

    fileprivate static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension JSON.Member: CustomStringConvertible {
    package var description: String { JSON.quoted(name) + ":" + value.description }
}
