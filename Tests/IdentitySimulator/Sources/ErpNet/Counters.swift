/// Counters of events by name, for `await`.
package struct Counters: Equatable, Sendable {
    private var counts: [String: Int] = [:]

    package init() {}

    package subscript(name: String) -> Int { counts[name] ?? 0 }

    /// Counts an event, and also as `name:client` if the client is known.
    package mutating func add(_ name: String, client: String? = nil) {
        counts[name, default: 0] += 1
        if let client { counts[name + ":" + client, default: 0] += 1 }
    }

    package var json: JSON {
        .object(counts.sorted { $0.key < $1.key }.map { JSON.Member(name: $0.key, value: .number($0.value)) })
    }
}
