internal import TokenWire

/// A JSON value as text: enough to print rows.
struct JSON: CustomStringConvertible {
    let description: String

    static func text(_ text: String) -> JSON { JSON(description: quoted(text)) }
    static func number(_ number: Int64) -> JSON { JSON(description: String(number)) }
    static func list(_ items: [JSON]) -> JSON { JSON(description: "[" + items.map(\.description).joined(separator: ",") + "]") }

    static func object(_ members: [(String, JSON)]) -> JSON {
        JSON(description: "{" + members.map { "\(quoted($0.0)):\($0.1)" }.joined(separator: ",") + "}")
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value): quoted += "\\u" + fourDigits(scalar.value)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    private static func fourDigits(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 4 - digits.utf8.count) + digits
    }
}

extension JSON {
    /// Seconds since the epoch, or `null`.
    init(_ expires: Expiry) {
        switch expires {
        case .at(let seconds): description = String(seconds)
        case .never: description = "null"
        }
    }

    /// A row of LIST or STATUS: its name, then its fields. Numbers are numbers, `never` is `null`, a key that repeats is a list.
    init(_ row: TokenRow) {
        var members = [("name", JSON.text(row.name))]
        // an object has no member twice
        for key in row.keys where key != "name" {
            let values = row.fields.all(key).map { JSON(value: $0, of: key) }
            members.append((key, values.count == 1 ? values[0] : .list(values)))
        }
        self = .object(members)
    }

    private init(value: String, of key: String) {
        switch TokenRow.isNumber(key) ? Expiry(value) : nil {
        case .at(let number)?: description = String(number)
        case .never?: description = "null"
        case nil: self = .text(value)
        }
    }
}
