/// A place in a TOML text that moves forward and counts lines.
nonisolated struct TOMLCursor {
    private let bytes: [UInt8]
    private(set) var position = 0
    private(set) var line = 1
    private(set) var nullLine: Int?

    init(_ text: String) {
        bytes = Array(text.utf8)
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        if bytes.starts(with: byteOrderMark) { position = byteOrderMark.count }
    }

    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func advance() {
        if peek == UInt8(ascii: "\n") { line += 1 }
        position = min(position + 1, bytes.count)
    }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: scalar) else { return false }
        advance()
        return true
    }

    mutating func skipBlanks() { skip { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } }

    /// Blanks, line ends and comments.
    mutating func skipVoid() {
        repeat { skip { " \t\r\n".utf8.contains($0) } } while skipComment()
    }

    /// Up to the end of the line.
    mutating func skipLine() { skip { $0 != UInt8(ascii: "\n") } }

    /// A number, a date, a word: at least one byte.
    mutating func skipBareValue() {
        advance()
        skip { !",]}#\n".utf8.contains($0) }
    }

    mutating func skipString() { _ = string() }

    /// A bare or quoted key; `nil` if none begins here.
    mutating func key() -> String? {
        switch peek {
        case UInt8(ascii: "'"):
            return String(decoding: bytes[string()], as: UTF8.self)
        case UInt8(ascii: "\""):
            return TOMLEscapes.resolved(bytes[string()])
        case _:
            let start = position
            skip(while: Self.isBare)
            return position == start ? nil : String(decoding: bytes[start..<position], as: UTF8.self)
        }
    }

    /// Whether a key of such bytes needs no quotes.
    static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private mutating func skip(while holds: (UInt8) -> Bool) {
        while let byte = peek, holds(byte) { advance() }
    }

    private mutating func skipComment() -> Bool {
        guard peek == UInt8(ascii: "#") else { return false }
        skipLine()
        return true
    }

    /// Passes a string of any of the four kinds; what is between its quotes.
    private mutating func string() -> Range<Int> {
        guard let quote = peek else { return position..<position }
        let width = run(of: quote) >= 3 ? 3 : 1
        if width == 1, run(of: quote) == 2 { return emptyString() }
        for _ in 0..<width { advance() }
        let start = position
        while peek != nil, run(of: quote) < width {
            if quote == UInt8(ascii: "\""), peek == UInt8(ascii: "\\") { passEscape() }
            advance()
        }
        // up to two quotes may stand right before the three that end a string of several lines
        while width == 3, run(of: quote) > 3 { advance() }
        let end = position
        for _ in 0..<width { advance() }
        return start..<end
    }

    private mutating func emptyString() -> Range<Int> {
        advance()
        advance()
        return position..<position
    }

    /// Moves onto the escaped character.
    private mutating func passEscape() {
        let rest = bytes[position...].prefix(10)
        if rest.starts(with: "\\u0000".utf8) || rest.starts(with: "\\U00000000".utf8) { nullLine = nullLine ?? line }
        advance()
    }

    /// How many of a quote stand here in a row, up to six.
    private func run(of quote: UInt8) -> Int { bytes[position...].prefix(6).prefix { $0 == quote }.count }
}
