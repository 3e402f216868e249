internal import TOMLKit
internal import TokenLedger

/// One TOML file as a tree of placed values. The only place that knows TOMLKit.
nonisolated struct TOMLDocument {
    let root: ConfigurationNode

    /// Throws the first syntax error; TOMLKit looks no further.
    init(_ text: String, file: String) throws(ConfigurationProblem) {
        if let line = Self.firstLine(withNullIn: text) { throw Self.null(file, line) }
        let table = try Self.table(text, file)
        // TOMLKit does not free a table; emptied, nearly nothing of it stays behind
        defer { table.clear() }
        let index = KeyPathIndex(text)
        if let line = index.nullLine { throw Self.null(file, line) }
        let tree = Tree(file: file, index: index)
        root = ConfigurationNode(place: Place(file: file, line: nil, key: nil), content: tree.content(of: table, at: []))
    }

    private static func table(_ text: String, _ file: String) throws(ConfigurationProblem) -> TOMLTable {
        do {
            return try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw ConfigurationProblem(file: file, line: error.source.begin.line, text: said(error.description))
        } catch {
            throw ConfigurationProblem(file: file, text: "is not TOML")
        }
    }

    /// TOMLKit's sentence without what it saw: that may be a part of a secret.
    private static func said(_ description: String) -> String {
        let sentence = description.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? description
        let end = sentence.firstRange(of: ", saw ")?.lowerBound ?? sentence.endIndex
        let shown = sentence[..<end].unicodeScalars.filter { (0x20...0x7E).contains($0.value) }
        return "not valid TOML here: " + String(String.UnicodeScalarView(shown.prefix(200)))
    }

    private static func firstLine(withNullIn text: String) -> Int? {
        text.utf8.firstIndex(of: 0).map { text.utf8[..<$0].count { $0 == UInt8(ascii: "\n") } + 1 }
    }

    /// TOMLKit hands texts on as C strings: what follows a NUL would silently be cut off.
    private static func null(_ file: String, _ line: Int) -> ConfigurationProblem {
        ConfigurationProblem(file: file, line: line, text: "has a NUL character; remove it")
    }
}

nonisolated private struct Tree {
    typealias Step = KeyPathIndex.Step
    let file: String
    let index: KeyPathIndex

    func content(of table: TOMLTable, at path: [Step]) -> ConfigurationNode.Content {
        var entries: [String: ConfigurationNode] = [:]
        for key in table.keys {
            if let value = table[key] { entries[key] = node(value, at: path + [.key(key)]) }
        }
        return .table(entries)
    }

    private func node(_ value: any TOMLValueConvertible, at path: [Step]) -> ConfigurationNode {
        let place = Place(file: file, line: index.line(of: path), key: KeyPathIndex.text(path))
        return ConfigurationNode(place: place, content: content(of: value, at: path) ?? .other("a value that cannot be read"))
    }

    private func content(of value: any TOMLValueConvertible, at path: [Step]) -> ConfigurationNode.Content? {
        switch value.type {
        case .string: value.string.map { .string($0) }
        case .int: value.int.map { .integer($0) }
        case .bool: value.bool.map { .boolean($0) }
        case .array: value.array.map { .array(items(of: $0, at: path)) }
        case .table: value.table.map { content(of: $0, at: path) }
        case .double: .other("a number with a fraction")
        case .date: .other("a date")
        case .time: .other("a time")
        case .dateTime: value.dateTime.map(moment)
        }
    }

    /// Without a zone it is another moment in every place.
    private func moment(_ value: TOMLDateTime) -> ConfigurationNode.Content {
        guard let zone = value.offset else { return .other("a date with a time and no zone") }
        let (date, time) = (value.date, value.time)
        return .moment(
            wallSeconds(
                (date.year, date.month, date.day), (time.hour, time.minute, time.second), minutesEast: zone.offset))
    }

    private func items(of array: TOMLArray, at path: [Step]) -> [ConfigurationNode] {
        (0..<array.count).map { node(array[$0], at: path + [.item($0)]) }
    }
}
