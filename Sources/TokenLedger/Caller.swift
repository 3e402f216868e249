/// Who is asking: what the kernel said when the connection was accepted. Nothing in here comes from the client's own words.
package struct Caller: Hashable, Sendable {
    package var uid: UInt32
    package var gid: UInt32
    /// Its supplementary groups that some rule names.
    package var groups: [UInt32]
    package var pid: Int32
    package var unit: CallerUnit
    /// systemd asks, for a unit whose user it does not say: no entry with a user or a group is for it.
    package var isUnitAlone = false

    package init(uid: UInt32, gid: UInt32, groups: [UInt32] = [], pid: Int32 = 0, unit: CallerUnit = .none) {
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.pid = pid
        self.unit = unit
    }

    /// systemd, about to start a unit.
    package init(starting unit: CallerUnit, pid: Int32) {
        self.init(uid: 0, gid: 0, pid: pid, unit: unit)
        isUnitAlone = true
    }
}

/// The systemd unit of a caller.
package enum CallerUnit: Hashable, Sendable {
    case unit(String)
    /// in no unit that a rule could name (a shell, a scope): user and group rules still apply
    case none
    /// could not be told reliably: nothing applies
    case failed
    /// not looked for, because no rule asks: user and group rules only
    case untold
    /// connected too early to be told: user and group rules still apply, and a no of the others is none for good
    case missed
}

extension CallerUnit {
    /// The service a process runs in. A user's own manager and a machine are none: what runs inside them is named by others.
    package init(service name: String) {
        let isSomebodyElses = ["user@", "systemd-nspawn@"].contains { name.hasPrefix($0) }
        self = isSomebodyElses ? .none : .unit(name)
    }
}

/// Whose token it is: a token has named consumers.
package enum Consumer: Hashable, Sendable, CustomStringConvertible {
    case unit(String)
    case uid(UInt32)
    /// `shared = true`: everybody's
    case shared
    /// the daemon itself, finding out whether a token can be had; what it gets is handed to nobody
    case probe

    package var description: String {
        switch self {
        case .unit(let name): name
        case .uid(let number): "uid \(number)"
        case .shared: "shared"
        case .probe: "tokend"
        }
    }
}
