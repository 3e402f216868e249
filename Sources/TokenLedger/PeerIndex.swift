/// Every pattern of a configuration, found by the one key that must hold: the answer for a connection must not
/// depend on how many tokens there are.
struct PeerIndex: Sendable {
    private var byUnit: [String: [PeerPattern]] = [:]
    private var byUser: [UInt32: [PeerPattern]] = [:]
    private var byGroup: [UInt32: [PeerPattern]] = [:]
    private var byGlob: [PeerPattern] = []

    init(_ patterns: some Sequence<PeerPattern>) {
        for pattern in Set(patterns) {
            if let unit = pattern.unit, unit.isExact {
                byUnit[unit.description, default: []].append(pattern)
            } else if let user = pattern.user {
                if let id = user.id { byUser[id, default: []].append(pattern) }
            } else if let group = pattern.group {
                if let id = group.id { byGroup[id, default: []].append(pattern) }
            } else {
                byGlob.append(pattern)
            }
        }
    }

    func matches(_ caller: Caller) -> Bool {
        if contains(byUser[caller.uid], caller) || contains(byGroup[caller.gid], caller) { return true }
        if caller.groups.contains(where: { contains(byGroup[$0], caller) }) { return true }
        if case .unit(let name) = caller.unit, contains(byUnit[name], caller) { return true }
        return contains(byGlob, caller)
    }

    private func contains(_ patterns: [PeerPattern]?, _ caller: Caller) -> Bool {
        patterns?.contains { $0.matches(caller) } ?? false
    }
}
