/// A JSON value that keeps the order of its members, as in responses of ERP.net.
package enum JSON: Equatable, Sendable {
    case null
    case boolean(Bool)
    case number(Int)
    case decimal(Double)
    case string(String)
    case array([JSON])
    case object([Member])
    /// Text that is written into the document unchanged, valid or not.
    case verbatim(String)

    package struct Member: Equatable, Sendable {
        package let name: String
        package let value: JSON

        package init(name: String, value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// The first member with this name; `nil` if there is none or the value is not an object.
    package subscript(name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The members of an object; empty for any other value.
    package var members: [Member] {
        guard case .object(let members) = self else { return [] }
        return members
    }

    /// The object without that member.
    package func removing(_ name: String) -> JSON {
        .object(members.filter { $0.name != name })
    }

    /// The object with this member in its old position, or at the end if it is new.
    package func setting(_ name: String, to value: JSON) -> JSON {
        guard self[name] != nil else { return appending(name, value) }
        return .object(members.map { $0.name == name ? Member(name: name, value: value) : $0 })
    }

    /// The object with an additional member at the end, even if the name exists.
    package func appending(_ name: String, _ value: JSON) -> JSON {
        .object(members + [Member(name: name, value: value)])
    }

    /// Adds a member unless the value is `nil`.
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
    /// The document on one line without white space.
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
