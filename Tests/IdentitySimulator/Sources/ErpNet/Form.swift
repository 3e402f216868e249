/// The fields of an `application/x-www-form-urlencoded` text (WHATWG URL section 5.1) in order.
package struct Form: Sendable {
    package struct Field: Equatable, Sendable {
        package let name: String
        package let value: String
    }

    package let fields: [Field]

    package init(_ fields: [(name: String, value: String)]) {
        self.fields = fields.map { Field(name: $0.name, value: $0.value) }
    }

    /// Parses a body. `nil` if a `%` is not followed by two hex digits or the result is not UTF-8.
    package init?(decoding bytes: some Collection<UInt8>) {
        var fields: [Field] = []
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(parts[0]), let value = parts.count == 2 ? Self.decoded(parts[1]) : "" else { return nil }
            fields.append(Field(name: name, value: value))
        }
        self.fields = fields
    }

    /// The value of the first field with this name, which may be empty.
    package subscript(name: String) -> String? {
        fields.first { $0.name == name }?.value
    }

    /// The name of a repeated field; RFC 6749 section 3.2 forbids it.
    package var repeated: String? {
        fields.indices.first { i in fields[..<i].contains { $0.name == fields[i].name } }.map { fields[$0].name }
    }

    /// Decodes a name or a value: `+` is a space, `%2F` is `/`.
    package static func decoded(_ text: some Collection<UInt8>) -> String? {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue)
                else { return nil }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexValue(_ digit: UInt8) -> UInt8? {
        Character(UnicodeScalar(digit)).hexDigitValue.map(UInt8.init)
    }
}
