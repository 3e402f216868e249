package import TokenWire

/// Whose share of a pool something is taken from: the rule that lets the caller in, and the caller within that rule.
///
/// The kernel knows uids, not persons. A person with subordinate uids (subuid(5)) can connect from 65,536 of them and keeps a group in each, so all
/// that comes in by one group is one share. Within it, and among strangers, all subordinate uids of a person are one share.
package struct Share: Hashable, Sendable {
    /// The kind of rule, and what it names.
    package enum Entry: Hashable, Sendable {
        /// every caller that nothing in the configuration names
        case strangers
        /// a rule with a group and neither user nor unit; the gid
        case group(UInt32)
        /// a rule with a user; the uid
        case user(UInt32)
        /// a rule with a unit; the unit or the pattern as the rule writes it
        case unit(String)
        /// `[admin] allow`
        case administrators
        case root
    }

    /// Who finds room kept from whom: a later tier has room that no earlier one can take.
    package enum Tier: Int, Sendable, CaseIterable, Comparable {
        case strangers, groups, named, administrators

        package static func < (a: Tier, b: Tier) -> Bool { a.rawValue < b.rawValue }
    }

    package var entry: Entry
    /// The caller within the entry; of a person's subordinate uids the first.
    package var holder: Consumer

    package init(_ entry: Entry, _ holder: Consumer) {
        self.entry = entry
        self.holder = holder
    }

    package var tier: Tier {
        switch entry {
        case .strangers: .strangers
        case .group: .groups
        case .user, .unit: .named
        case .administrators, .root: .administrators
        }
    }
}

extension AccessPolicy {
    /// The caller's share of every pool. Of several rules that match, the one that names the caller most closely counts: unit, user, group.
    package func share(of caller: Caller) -> Share {
        share(of: caller, by: rules.closest(to: caller))
    }

    /// The caller's share where this rule lets it in, or none does.
    func share(of caller: Caller, by rule: PeerPattern?) -> Share {
        let uid = Consumer.uid(caller.uid)
        if isAdmin(caller) { return Share(caller.uid == 0 ? .root : .administrators, uid) }
        let person = Consumer.uid(subordinates.person(of: caller.uid))
        guard let rule else { return Share(.strangers, person) }
        if let unit = rule.unit, case .unit(let name) = caller.unit { return Share(.unit(unit.description), .unit(name)) }
        if rule.user != nil { return Share(.user(caller.uid), uid) }
        return Share(rule.group?.id.map(Share.Entry.group) ?? .strangers, person)
    }

    /// The share of somebody who is not connected now, and whose token it is.
    package func share(of consumer: Consumer, for token: TokenName) -> Share {
        let (rules, index) = (settings(of: token)?.allow ?? [], index(of: token))
        switch consumer {
        case .unit(let name):
            let first = index.map { $0.first(withUnit: name) } ?? rules.firstIndex { $0.who.unit?.matches(name) == true }
            return Share(.unit(first.flatMap { rules[$0].who.unit?.description } ?? name), consumer)
        case .uid(0), .shared, .probe: return Share(.root, consumer)
        case .uid(let uid):
            if index?.names(user: uid) ?? rules.contains(where: { $0.who.user?.id == uid }) { return Share(.user(uid), consumer) }
            let first = index.map(\.firstGroupAlone) ?? rules.firstIndex(where: \.who.isGroupAlone)
            guard let group = first.flatMap({ rules[$0].who.group?.id }) else { return Share(.user(uid), consumer) }
            return Share(.group(group), .uid(subordinates.person(of: uid)))
        }
    }
}
