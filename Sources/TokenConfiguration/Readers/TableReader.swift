internal import TokenLedger

/// Walks one table. Every key that is asked for is known; `finish` reports the others.
final class TableReader {
    let place: Place
    let problems: ProblemList
    private let entries: [String: ConfigurationNode]
    private var known: Set<String> = []

    /// Reports and gives `nil` if the value is not a table.
    init?(_ node: ConfigurationNode, _ problems: ProblemList) {
        guard case .table(let entries) = node.content else {
            problems.error(node.mustBe("a table").text, at: node.place)
            return nil
        }
        self.entries = entries
        self.problems = problems
        place = node.place
    }

    func node(_ key: String) -> ConfigurationNode? {
        known.insert(key)
        return entries[key]
    }

    /// The value of a key; `nil` if it is not there, or is not good, which has then been reported.
    func value<Value>(_ key: String, _ take: (ConfigurationNode) throws(Complaint) -> Value) -> Value? {
        guard let node = node(key) else { return nil }
        return problems.reporting(at: node.place) { () throws(Complaint) in try take(node) }
    }

    /// Whether a flag is set; `nil` if what stands there is no flag.
    func flag(_ key: String) -> Bool? {
        guard let node = node(key) else { return false }
        if case .boolean(let flag) = node.content { return flag }
        return nil
    }

    /// The same for a key that must be there.
    func required<Value>(
        _ key: String, _ remedy: String, _ take: (ConfigurationNode) throws(Complaint) -> Value
    ) -> Value? {
        guard node(key) != nil else {
            problems.error("is missing; \(remedy)", at: place.below(key))
            return nil
        }
        return value(key, take)
    }

    /// The elements of an array, each taken by itself; `nil` if the key is not there or any of them is not good.
    func list<Element: Hashable>(_ key: String, of take: (ConfigurationNode) throws(Complaint) -> Element) -> [Element]? {
        guard let elements = value(key, { (node) throws(Complaint) in try node.elements() }) else { return nil }
        var taken: [Element] = []
        var seen: Set<Element> = []
        for element in elements {
            problems.reporting(at: element.place) { () throws(Complaint) in
                let value = try take(element)
                guard seen.insert(value).inserted else { throw Complaint("is listed twice") }
                taken.append(value)
            }
        }
        return taken.count == elements.count ? taken : nil
    }

    func table(_ key: String) -> TableReader? { node(key).flatMap { TableReader($0, problems) } }

    /// An array of tables, written either way.
    func tables(_ key: String) -> [TableReader] {
        guard let elements = value(key, { (node) throws(Complaint) in try node.elements() }) else { return [] }
        return elements.compactMap { TableReader($0, problems) }
    }

    /// Every entry, for a table whose keys are names that the administrator chose.
    func everyTable() -> [(name: String, table: TableReader)] {
        known.formUnion(entries.keys)
        return entries.keys.sorted().compactMap { name in
            entries[name].flatMap { TableReader($0, problems) }.map { (name, $0) }
        }
    }

    /// The same where the values are no tables.
    func everyNode() -> [(name: String, node: ConfigurationNode)] {
        known.formUnion(entries.keys)
        return entries.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    func finish() {
        for (key, node) in entries where !known.contains(key) {
            let guess = nearest(to: key, among: known).map { "; did you mean \(quoted($0))?" }
            problems.error("unknown key" + (guess ?? "; here are known: \(known.sorted().joined(separator: ", "))"), at: node.place)
        }
    }
}
