/// The escapes of a basic string (TOML 1.0, "String").
nonisolated enum TOMLEscapes {
    /// The text between the quotes as it is meant.
    static func resolved(_ bytes: ArraySlice<UInt8>) -> String {
        var result = String.UnicodeScalarView()
        var rest = Substring(decoding: bytes, as: UTF8.self).unicodeScalars
        while let scalar = rest.popFirst() {
            result.append(scalar == "\\" ? escaped(&rest) : scalar)
        }
        return String(result)
    }

    private static func escaped(_ rest: inout Substring.UnicodeScalarView) -> Unicode.Scalar {
        switch rest.popFirst() {
        case "b": "\u{8}"
        case "t": "\t"
        case "n": "\n"
        case "f": "\u{C}"
        case "r": "\r"
        case "u": scalar(&rest, digits: 4)
        case "U": scalar(&rest, digits: 8)
        case let other?: other
        case nil: "\\"
        }
    }

    private static func scalar(_ rest: inout Substring.UnicodeScalarView, digits: Int) -> Unicode.Scalar {
        let text = String(rest.prefix(digits))
        rest = rest.dropFirst(digits)
        return UInt32(text, radix: 16).flatMap(Unicode.Scalar.init) ?? "\u{FFFD}"
    }
}
