/// Reads just enough of TOML 1.0 to tell keys from values.
nonisolated struct KeyPathScanner {
    typealias Step = KeyPathIndex.Step

    private(set) var lines: [[Step]: Int] = [:]
    var nullLine: Int? { cursor.nullLine }
    private var cursor: TOMLCursor
    /// The table that the last header opened.
    private var table: [Step] = []
    /// The number of the last item of each array of tables.
    private var lastItems: [[Step]: Int] = [:]

    init(_ text: String) { cursor = TOMLCursor(text) }

    mutating func scan() {
        cursor.skipVoid()
        while let byte = cursor.peek {
            if byte == UInt8(ascii: "[") {
                header()
            } else {
                pair(in: table)
            }
            cursor.skipLine()
            cursor.skipVoid()
        }
    }

    private mutating func header() {
        cursor.advance()
        let isItem = cursor.take("[")
        var path = throughLastItems(keys())
        if isItem {
            if lastItems[path] == nil { record(path) }
            lastItems[path, default: -1] += 1
            path.append(.item(lastItems[path] ?? 0))
        }
        record(path)
        table = path
    }

    /// A header that goes through an array of tables means its last item.
    private func throughLastItems(_ keys: [Step]) -> [Step] {
        var path: [Step] = []
        for key in keys {
            if let item = lastItems[path] { path.append(.item(item)) }
            path.append(key)
        }
        return path
    }

    private mutating func pair(in table: [Step]) {
        let path = table + keys()
        record(path)
        guard cursor.take("=") else { return }
        cursor.skipBlanks()
        value(at: path)
    }

    private mutating func value(at path: [Step]) {
        switch cursor.peek {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): cursor.skipString()
        case UInt8(ascii: "["): array(at: path)
        case UInt8(ascii: "{"): inlineTable(at: path)
        case _: cursor.skipBareValue()
        }
    }

    private mutating func array(at path: [Step]) {
        cursor.advance()
        var number = 0
        while !ends(with: "]") {
            record(path + [.item(number)])
            value(at: path + [.item(number)])
            number += 1
        }
    }

    private mutating func inlineTable(at path: [Step]) {
        cursor.advance()
        while !ends(with: "}") {
            let before = cursor.position
            pair(in: path)
            if cursor.position == before { cursor.advance() }
        }
    }

    /// Passes blanks, comments and commas; true after the closing bracket or at the end of the text.
    private mutating func ends(with bracket: Unicode.Scalar) -> Bool {
        repeat { cursor.skipVoid() } while cursor.take(",")
        return cursor.take(bracket) || cursor.peek == nil
    }

    private mutating func keys() -> [Step] {
        var keys: [Step] = []
        repeat {
            cursor.skipBlanks()
            guard let key = cursor.key() else { return keys }
            keys.append(.key(key))
            cursor.skipBlanks()
        } while cursor.take(".")
        return keys
    }

    /// The whole path stands here; the tables it goes through do so only if nothing mentioned them before.
    private mutating func record(_ path: [Step]) {
        guard !path.isEmpty else { return }
        lines[path] = cursor.line
        for end in 1..<path.count where lines[Array(path[..<end])] == nil {
            lines[Array(path[..<end])] = cursor.line
        }
    }
}
