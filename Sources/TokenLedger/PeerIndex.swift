/// Finds among patterns those that could match a caller, by one key that must hold: a decision touches only these, however many there are.
///
/// A pattern is known by its place in the list that the index was made of. Whether it does match is asked of the list.
struct PeerIndex: Sendable {
    /// Each pattern is in one of these. The places in each list ascend.
    private var byUser: [UInt32: [Int32]] = [:]
    private var byGroup: [UInt32: [Int32]] = [:]
    private var byUnit = UnitIndex()
    /// Those that name a unit and a user or a group, once more: systemd asks for a unit without telling its user.
    private var byUnitAlone = UnitIndex()
    /// Of patterns with an exact unit.
    private var usersOfUnits: Set<UInt32> = []
    /// The first pattern with a group alone.
    private(set) var firstGroupAlone: Int?

    init(_ patterns: some Sequence<PeerPattern>) {
        for (place, pattern) in patterns.enumerated() { add(pattern, Int32(place)) }
    }

    private mutating func add(_ pattern: PeerPattern, _ place: Int32) {
        if let unit = pattern.unit, pattern.user != nil || pattern.group != nil { byUnitAlone.add(unit, place) }
        if pattern.isGroupAlone, firstGroupAlone == nil { firstGroupAlone = Int(place) }
        if let unit = pattern.unit, unit.isExact {
            byUnit.add(unit, place)
            if let id = pattern.user?.id { usersOfUnits.insert(id) }
        } else if let user = pattern.user {
            if let id = user.id { byUser[id, default: []].append(place) }
        } else if let group = pattern.group {
            if let id = group.id { byGroup[id, default: []].append(place) }
        } else if let unit = pattern.unit {
            byUnit.add(unit, place)
        }
    }

    /// The first pattern of the list for which `matches` holds, among those that could match.
    func first(for caller: Caller, where matches: (Int) -> Bool) -> Int? {
        var least = Int32.max
        lists(for: caller) { least = min(least, Self.first(in: $0, before: least, where: matches)) }
        return least == .max ? nil : Int(least)
    }

    /// The first pattern that asks for a unit and for a user or a group, for which `matches` holds.
    func firstWithAccount(for caller: Caller, where matches: (Int) -> Bool) -> Int? {
        guard case .unit(let name) = caller.unit else { return nil }
        var least = Int32.max
        byUnitAlone.lists(for: name) { least = min(least, Self.first(in: $0, before: least, where: matches)) }
        return least == .max ? nil : Int(least)
    }

    // MARK: of somebody who is not connected

    /// Whether any pattern names the user, whatever else it asks for.
    func names(user: UInt32) -> Bool { byUser[user] != nil || usersOfUnits.contains(user) }

    /// The first pattern whose unit this is, whatever else it asks for.
    func first(withUnit name: String) -> Int? { places(withUnit: name).min().map { Int($0) } }

    /// All patterns whose unit this is, whatever else they ask for; in no order.
    func places(withUnit name: String) -> [Int32] {
        var places: [Int32] = []
        for index in [byUnit, byUnitAlone] { index.lists(for: name) { places += $0 } }
        return places
    }

    /// All patterns without an exact unit that this user could match, in whatever groups it is; in no order.
    func places(couldMatchUser user: UInt32) -> [Int32] { (byUser[user] ?? []) + byGroup.values.joined() }

    /// All patterns for which `matches` holds, in no order and none twice.
    func all(for caller: Caller, where matches: (Int) -> Bool) -> [Int] {
        var found: [Int] = []
        lists(for: caller) { list in
            for place in list where matches(Int(place)) { found.append(Int(place)) }
        }
        return found
    }

    /// Of the patterns for which `matches` holds the one that comes before all others.
    func least(for caller: Caller, by comesBefore: (Int, Int) -> Bool, where matches: (Int) -> Bool) -> Int? {
        var least: Int?
        lists(for: caller) { list in
            for place in list.lazy.map(Int.init) where matches(place) {
                guard let best = least else { least = place; continue }
                if comesBefore(place, best) { least = place }
            }
        }
        return least
    }

    private static func first(in list: [Int32], before end: Int32, where matches: (Int) -> Bool) -> Int32 {
        list.first { $0 >= end || matches(Int($0)) } ?? end
    }

    private func lists(for caller: Caller, _ body: ([Int32]) -> Void) {
        if let list = byUser[caller.uid] { body(list) }
        if !byGroup.isEmpty {
            if let list = byGroup[caller.gid] { body(list) }
            // the kernel lets a process have one group twice
            for (place, group) in caller.groups.enumerated() where group != caller.gid {
                guard let list = byGroup[group], !caller.groups[..<place].contains(group) else { continue }
                body(list)
            }
        }
        if case .unit(let name) = caller.unit { byUnit.lists(for: name, body) }
    }
}

/// Unit patterns by name, or by what a name must begin with.
private struct UnitIndex: Sendable {
    private var exact: [String: [Int32]] = [:]
    private var byBeginning: [String: [Int32]] = [:]
    /// Of the beginnings, in bytes.
    private var lengths: Set<Int> = []

    mutating func add(_ unit: UnitPattern, _ place: Int32) {
        guard !unit.isExact else { return exact[unit.description, default: []].append(place) }
        byBeginning[unit.beginning, default: []].append(place)
        lengths.insert(unit.beginning.utf8.count)
    }

    func lists(for name: String, _ body: ([Int32]) -> Void) {
        if let list = exact[name] { body(list) }
        for length in lengths where length <= name.utf8.count {
            if let list = byBeginning[String(decoding: name.utf8.prefix(length), as: UTF8.self)] { body(list) }
        }
    }
}
