internal import TokenLedger

extension TOMLReader {
    mutating func value(at place: Place) throws(Complaint) -> ConfigurationNode {
        let content: ConfigurationNode.Content =
            switch cursor.peek {
            case UInt8(ascii: "\""): .string(try cursor.count(of: UInt8(ascii: "\""), most: 3) == 3 ? longBasicString() : basicString())
            case UInt8(ascii: "'"): .string(try cursor.count(of: UInt8(ascii: "'"), most: 3) == 3 ? longLiteralString() : literalString())
            case UInt8(ascii: "["): .array(try items(at: place))
            case UInt8(ascii: "{"): try inlineTable(at: place)
            case _: try TOMLWord.content(of: word())
            }
        return ConfigurationNode(place: place, content: content)
    }

    private mutating func items(at place: Place) throws(Complaint) -> [ConfigurationNode] {
        try descend()
        defer { depth -= 1 }
        let began = line
        cursor.advance()
        try skipVoid()
        var items: [ConfigurationNode] = []
        while !cursor.take("]") {
            items.append(try value(at: place.item(items.count, line)))
            try skipVoid()
            if cursor.take(",") {
                try skipVoid()
            } else if cursor.peek != UInt8(ascii: "]") {
                throw Complaint("the array that begins on line \(began) is not closed; its items need \",\" between them and \"]\" behind the last")
            }
        }
        return items
    }

    /// On one line, and without a comma behind the last pair.
    private mutating func inlineTable(at place: Place) throws(Complaint) -> ConfigurationNode.Content {
        try descend()
        defer { depth -= 1 }
        cursor.advance()
        cursor.skipBlanks()
        let table = TOMLTable(place, .header)
        if cursor.take("}") { return table.node.content }
        repeat {
            try pair(in: table)
            cursor.skipBlanks()
        } while cursor.take(",")
        guard cursor.take("}") else { throw Complaint("a table in braces needs \",\" between its pairs and \"}\" on the same line") }
        return table.node.content
    }

    private mutating func descend() throws(Complaint) {
        depth += 1
        guard depth <= Self.deepest else { throw Complaint("this lies more than \(Self.deepest) levels deep") }
    }

    /// A value without quotes. One blank may stand in it, between a date and a time.
    private mutating func word() -> String {
        var word = cursor.run(while: Self.isWord)
        if TOMLDate.isDate(String(decoding: word, as: UTF8.self)), cursor.peek == UInt8(ascii: " "), cursor.next(2).last.map(Self.isDigit) == true {
            cursor.advance()
            word = word + [UInt8(ascii: " ")] + cursor.run(while: Self.isWord)
        }
        return String(decoding: word, as: UTF8.self)
    }

    private static func isWord(_ byte: UInt8) -> Bool { isBare(byte) || "+.:".utf8.contains(byte) }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
