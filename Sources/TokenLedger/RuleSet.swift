/// The patterns of all rules, each once, and which tokens each of them is for: neither a connection nor a LIST looks at the tokens of others.
struct RuleSet: Sendable {
    private let patterns: [PeerPattern]
    private let index: PeerIndex
    /// Whether a rule with `login = true` has the pattern.
    private var isForLogin: [Bool]
    /// The tokens of pattern `n` are `tokens[starts[n]..<starts[n + 1]]`: places in the list of names, ascending.
    private var tokens: [Int32] = []
    private var starts: [Int32] = []

    init(_ patterns: [PeerPattern]) {
        self.patterns = Array(Set(patterns))
        index = PeerIndex(self.patterns)
        isForLogin = Array(repeating: false, count: self.patterns.count)
    }

    /// `entries` are those of each token, in the order of the tokens' names.
    init(_ entries: [[AllowEntry]]) {
        self.init(entries.flatMap { $0.map(\.who) })
        let places = Dictionary(uniqueKeysWithValues: zip(patterns, 0...))
        var pairs: [(pattern: Int, token: Int32)] = []
        for (token, list) in entries.enumerated() {
            for entry in list {
                guard let pattern = places[entry.who] else { continue }
                if entry.login { isForLogin[pattern] = true }
                pairs.append((pattern, Int32(token)))
            }
        }
        // an entry may stand in one list twice
        pairs.sort { ($0.pattern, $0.token) < ($1.pattern, $1.token) }
        for (place, pair) in pairs.enumerated() where place == 0 || pair != pairs[place - 1] {
            while starts.count <= pair.pattern { starts.append(Int32(tokens.count)) }
            tokens.append(pair.token)
        }
        while starts.count <= patterns.count { starts.append(Int32(tokens.count)) }
    }

    func matches(_ caller: Caller) -> Bool { index.first(for: caller) { patterns[$0].matches(caller) } != nil }

    func letsSignIn(_ caller: Caller) -> Bool { index.first(for: caller) { isForLogin[$0] && patterns[$0].matches(caller) } != nil }

    /// The pattern that names the caller most closely: by its unit, else by its user, else by a group.
    func closest(to caller: Caller) -> PeerPattern? {
        index.least(for: caller, by: { patterns[$0].isCloser(than: patterns[$1]) }, where: { patterns[$0].matches(caller) }).map { patterns[$0] }
    }

    /// The tokens that some rule allows to the caller, in the order of their names.
    func tokens(of caller: Caller) -> MergedPlaces {
        MergedPlaces(index.all(for: caller) { patterns[$0].matches(caller) }.map { tokens[Int(starts[$0])..<Int(starts[$0 + 1])] })
    }
}

extension PeerPattern {
    private var distance: Int { unit != nil ? 0 : user != nil ? 1 : 2 }

    /// Of several as close, always the same one.
    private var text: String { "\(group?.id ?? 0) \(description)" }

    fileprivate func isCloser(than other: PeerPattern) -> Bool {
        distance != other.distance ? distance < other.distance : text < other.text
    }
}

/// Ascending lists as one ascending list without repeats, made as it is read.
struct MergedPlaces: Sequence, IteratorProtocol {
    private var lists: [ArraySlice<Int32>]

    init(_ lists: [ArraySlice<Int32>]) { self.lists = lists.filter { !$0.isEmpty } }

    mutating func next() -> Int? {
        guard let least = lists.lazy.compactMap(\.first).min() else { return nil }
        for list in lists.indices where lists[list].first == least { lists[list].removeFirst() }
        lists.removeAll(where: \.isEmpty)
        return Int(least)
    }
}
