internal import TokenLedger

/// A table while its text is read: what is in it, where it stands, and what may still be added.
final class TOMLTable {
    enum Origin {
        /// `[a]`, an item of `[[a]]`, `{ … }` or the whole text: takes no second header, and no dotted keys from outside
        case header
        /// the `a` of a header `[a.b]`: may get a header of its own, or dotted keys
        case passed
        /// the `a` of a key `a.b = 1`: takes more of them, and no header
        case dotted
    }
    private enum Entry {
        case value(ConfigurationNode)
        case table(TOMLTable)
        case items(Items)
    }
    /// The tables of `[[a]]`, and where the first is.
    private final class Items {
        let place: Place
        var tables: [TOMLTable] = []

        init(_ place: Place) { self.place = place }
    }
    private var place: Place
    private var origin: Origin
    private var entries: [String: Entry] = [:]

    init(_ place: Place, _ origin: Origin) {
        self.place = place
        self.origin = origin
    }

    /// Everything in it, placed. A table that only its parts mention stands where the first of them does.
    var node: ConfigurationNode { ConfigurationNode(place: place, content: .table(entries.mapValues(Self.node))) }

    private static func node(_ entry: Entry) -> ConfigurationNode {
        switch entry {
        case .value(let node): node
        case .table(let table): table.node
        case .items(let items): ConfigurationNode(place: items.place, content: .array(items.tables.map(\.node)))
        }
    }

    /// `token.sync.allow[1].user`; a key that is not bare is quoted.
    func place(of key: String, _ line: Int) -> Place {
        let shown = !key.isEmpty && key.utf8.allSatisfy(TOMLReader.isBare) ? key : quoted(key)
        return Place(file: place.file, line: line, key: place.key.map { "\($0).\(shown)" } ?? shown)
    }

    /// For a key that `owner` has found free.
    func add(_ value: ConfigurationNode, as key: String) { entries[key] = .value(value) }

    /// Which table a dotted key's value belongs into, and as what; tables are made on the way.
    func owner(of keys: [String], _ line: Int) throws(Complaint) -> (TOMLTable, key: String) {
        var table = self
        for key in keys.dropLast() {
            switch table.entries[key] {
            case nil: table = table.addTable(key, line, .dotted)
            case .table(let next) where next.origin != .header:
                next.origin = .dotted
                table = next
            case .table, .items, .value: throw table.isTaken(key)
            }
        }
        let key = keys[keys.count - 1]
        guard table.entries[key] == nil else { throw table.isTaken(key) }
        return (table, key)
    }

    /// `[a.b]`
    func open(_ keys: [String], _ line: Int) throws(Complaint) -> TOMLTable {
        let parent = try passing(keys.dropLast(), line)
        let key = keys[keys.count - 1]
        switch parent.entries[key] {
        case nil: return parent.addTable(key, line, .header)
        case .table(let table) where table.origin == .passed:
            table.origin = .header
            table.place.line = line
            return table
        case .table, .items, .value: throw parent.isTaken(key)
        }
    }

    /// `[[a.b]]`
    func append(_ keys: [String], _ line: Int) throws(Complaint) -> TOMLTable {
        let parent = try passing(keys.dropLast(), line)
        let key = keys[keys.count - 1]
        let items: Items
        switch parent.entries[key] {
        case nil: items = Items(parent.place(of: key, line))
        case .items(let before): items = before
        case .table, .value: throw parent.isTaken(key)
        }
        let item = TOMLTable(items.place.item(items.tables.count, line), .header)
        items.tables.append(item)
        parent.entries[key] = .items(items)
        return item
    }

    /// The table that a header's last key is in. A header that goes through an array of tables means its last item.
    private func passing(_ keys: ArraySlice<String>, _ line: Int) throws(Complaint) -> TOMLTable {
        var table = self
        for key in keys {
            switch table.entries[key] {
            case nil: table = table.addTable(key, line, .passed)
            case .table(let next): table = next
            case .items(let items): table = items.tables.last ?? table
            case .value: throw table.isTaken(key)
            }
        }
        return table
    }

    private func addTable(_ key: String, _ line: Int, _ origin: Origin) -> TOMLTable {
        let table = TOMLTable(place(of: key, line), origin)
        entries[key] = .table(table)
        return table
    }

    private func isTaken(_ key: String) -> Complaint {
        let before = entries[key].map(Self.node)?.place
        return Complaint("\(before?.key ?? quoted(key)) is there already, from line \(before?.line ?? 1) on, and cannot be added to; keep one of the two")
    }
}

extension Place {
    func item(_ number: Int, _ line: Int) -> Place { Place(file: file, line: line, key: "\(key ?? "")[\(number)]") }
}
