/// The four kinds of strings.
extension TOMLReader {
    private static let quote = UInt8(ascii: "\"")
    private static let apostrophe = UInt8(ascii: "'")
    private static let backslash = UInt8(ascii: "\\")

    /// `"…"`
    mutating func basicString() throws(Complaint) -> String {
        cursor.advance()
        var bytes: [UInt8] = []
        while true {
            bytes += cursor.run { Self.isText($0) && $0 != Self.quote && $0 != Self.backslash }
            if cursor.take("\"") { return String(decoding: bytes, as: UTF8.self) }
            guard cursor.take("\\") else { throw unclosed("\"") }
            try escape(into: &bytes)
        }
    }

    /// `'…'`
    mutating func literalString() throws(Complaint) -> String {
        cursor.advance()
        let bytes = cursor.run { Self.isText($0) && $0 != Self.apostrophe }
        guard cursor.take("'") else { throw unclosed("'") }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `"""…"""`, over several lines
    mutating func longBasicString() throws(Complaint) -> String {
        try longString(Self.quote) { (reader, bytes) throws(Complaint) in
            guard reader.cursor.take("\\") else { return false }
            if !reader.foldLine() { try reader.escape(into: &bytes) }
            return true
        }
    }

    /// `'''…'''`, over several lines
    mutating func longLiteralString() throws(Complaint) -> String {
        try longString(Self.apostrophe) { (_, _) throws(Complaint) in false }
    }

    /// A line end behind the opening quotes is not part of it, and each of the others is one LF.
    private mutating func longString(
        _ quote: UInt8, _ takeEscape: (inout TOMLReader, inout [UInt8]) throws(Complaint) -> Bool
    ) throws(Complaint) -> String {
        let began = line
        cursor.advance(by: 3)
        _ = cursor.takeLineEnd()
        var bytes: [UInt8] = []
        while true {
            bytes += cursor.run { Self.isText($0) && $0 != quote && (quote == Self.apostrophe || $0 != Self.backslash) }
            // up to two quotes may stand right before the three that close it
            let quotes = cursor.count(of: quote, most: 5)
            cursor.advance(by: quotes)
            bytes += repeatElement(quote, count: quotes < 3 ? quotes : quotes - 3)
            if quotes >= 3 { return String(decoding: bytes, as: UTF8.self) }
            if quotes > 0 { continue }
            if cursor.takeLineEnd() {
                bytes.append(0x0A)
            } else if try !takeEscape(&self, &bytes) {
                guard cursor.peek == nil else { throw .controlCharacter }
                throw Complaint("the string that begins on line \(began) is not closed; it ends with three quotes")
            }
        }
    }

    private func unclosed(_ quote: String) -> Complaint {
        let endsHere = cursor.peek == nil || cursor.peek == 0x0A || cursor.next(2).elementsEqual([0x0D, 0x0A])
        return endsHere ? Complaint("a string is not closed; it ends with \(quote) on the same line") : .controlCharacter
    }

    // MARK: escapes

    /// Behind a backslash at the end of a line: passes everything up to the next character that is none of blank and line end.
    private mutating func foldLine() -> Bool {
        let start = cursor
        cursor.skipBlanks()
        guard cursor.takeLineEnd() else {
            cursor = start
            return false
        }
        repeat { cursor.skipBlanks() } while cursor.takeLineEnd()
        return true
    }

    private mutating func escape(into bytes: inout [UInt8]) throws(Complaint) {
        let letter = cursor.peek
        guard let letter, Self.isText(letter) else { throw Complaint("a string is not closed, or ends in a backslash") }
        cursor.advance()
        switch letter {
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case Self.quote, Self.backslash: bytes.append(letter)
        case UInt8(ascii: "u"): bytes += try scalar(digits: 4)
        case UInt8(ascii: "U"): bytes += try scalar(digits: 8)
        case _: throw Complaint("there is no such escape; a backslash is written \\\\, or the string goes between apostrophes: '…'")
        }
    }

    private mutating func scalar(digits: Int) throws(Complaint) -> String.UTF8View {
        let text = String(decoding: cursor.next(digits), as: UTF8.self)
        guard text.utf8.count == digits, text.allSatisfy(\.isHexDigit), let scalar = UInt32(text, radix: 16).flatMap(Unicode.Scalar.init) else {
            throw Complaint("\\\(digits == 4 ? "u" : "U") takes the \(digits) hex digits of a character")
        }
        // what is read goes on to the C library, where a text would silently end here
        guard scalar.value != 0 else { throw Complaint("there is a NUL character; remove it") }
        cursor.advance(by: digits)
        return String(Character(scalar)).utf8
    }
}
