internal import TokenLedger

/// Reads a TOML text from its beginning to its end, or to its first fault. What it complains of stands on `line`; no complaint repeats
/// a value, nor what might have been meant as one.
struct TOMLReader {
    var cursor: TOMLCursor
    var line: Int { cursor.line }
    private let root: TOMLTable
    /// The table that the last header opened.
    private var table: TOMLTable

    /// As deep may tables and arrays lie in one another, by each of the ways to write that.
    static let deepest = 32
    var depth = 0

    init(_ text: String, file: String) {
        cursor = TOMLCursor(text)
        root = TOMLTable(Place(file: file, line: nil, key: nil), .header)
        table = root
    }

    mutating func document() throws(Complaint) -> ConfigurationNode {
        try skipVoid()
        while let byte = cursor.peek {
            if byte == UInt8(ascii: "[") { try header() } else { try pair(in: table) }
            try endLine()
            try skipVoid()
        }
        return root.node
    }

    private mutating func header() throws(Complaint) {
        cursor.advance()
        let isItem = cursor.take("[")
        let keys = try keys()
        guard cursor.take("]"), !isItem || cursor.take("]") else {
            throw Complaint("the header of a table is not closed; write \(isItem ? "[[name]]" : "[name]")")
        }
        table = try isItem ? root.append(keys, line) : root.open(keys, line)
    }

    /// `key = value`
    mutating func pair(in table: TOMLTable) throws(Complaint) {
        let keys = try keys()
        guard cursor.take("=") else { throw Complaint("a key is followed by \"=\" and a value, and here it is not") }
        cursor.skipBlanks()
        let (owner, key) = try table.owner(of: keys, line)
        owner.add(try value(at: owner.place(of: key, line)), as: key)
    }

    // MARK: keys

    private mutating func keys() throws(Complaint) -> [String] {
        var keys: [String] = []
        repeat {
            cursor.skipBlanks()
            keys.append(try key())
            cursor.skipBlanks()
        } while cursor.take(".")
        guard keys.count <= Self.deepest else { throw Complaint("a key has more than \(Self.deepest) parts") }
        return keys
    }

    private mutating func key() throws(Complaint) -> String {
        switch cursor.peek {
        case UInt8(ascii: "\""): return try basicString()
        case UInt8(ascii: "'"): return try literalString()
        case _:
            let bytes = cursor.run(while: Self.isBare)
            guard !bytes.isEmpty else { throw Complaint("a key is missing; one with other characters than a-z, A-Z, 0-9, \"-\" and \"_\" needs quotes") }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Whether a key of such bytes needs no quotes.
    static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        case _: false
        }
    }

    // MARK: between values

    /// Passes blanks, line ends and comments.
    mutating func skipVoid() throws(Complaint) {
        repeat {
            cursor.skipBlanks()
            try skipComment()
        } while cursor.takeLineEnd()
    }

    private mutating func endLine() throws(Complaint) {
        cursor.skipBlanks()
        try skipComment()
        guard cursor.takeLineEnd() || cursor.peek == nil else {
            throw Complaint("the line should end here; put what follows on a line of its own, or behind \"#\"")
        }
    }

    private mutating func skipComment() throws(Complaint) {
        guard cursor.take("#") else { return }
        _ = cursor.run(while: Self.isText)
        guard cursor.next(2).first == 0x0A || cursor.next(2).elementsEqual([0x0D, 0x0A]) || cursor.peek == nil else { throw .controlCharacter }
    }

    /// What may stand in comments and strings. Of the control characters, the tab alone.
    static func isText(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\t") || (byte >= 0x20 && byte != 0x7F) }
}

extension Complaint {
    static var controlCharacter: Complaint { Complaint("there is a control character; remove it, or write it as an escape such as \\u001B") }
}
