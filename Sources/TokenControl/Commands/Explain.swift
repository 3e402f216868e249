internal import ArgumentParser
internal import Glibc
internal import TokenWire

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show which rule decides for a caller (administrators).",
        discussion: "Without --uid it speaks of you and your groups. With --uid only the groups that are given count: user names and groups are not looked up.")

    @Argument(help: "The token's name: application.token.", completion: .tokenNames)
    var name: String
    @Option(help: ArgumentHelp("The caller's user id (default: yours).", valueName: "number"))
    var uid: UInt32?
    @Option(help: ArgumentHelp("A group id of the caller; repeat it for more (default: yours, unless --uid is given).", valueName: "number"))
    var gid: [UInt32] = []
    @Option(help: "The unit the caller runs in, such as erp-sync.service (default: none).")
    var unit: String?
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try reporting(about: name) { () throws(Failure) in
            let groups = gid.isEmpty && uid == nil ? Explain.ownGroups() : gid
            let query = ExplainQuery(name: name, uid: uid ?? getuid(), gids: groups, unit: unit)
            try DaemonConnection(.explain(query), at: connection.socket).printRows()
        }
    }

    /// The primary group first, then the others.
    private static func ownGroups() -> [UInt32] {
        let count = max(getgroups(0, nil), 0)
        let others = [gid_t](unsafeUninitializedCapacity: Int(count)) { groups, used in
            used = count > 0 ? Int(max(getgroups(count, groups.baseAddress), 0)) : 0
        }
        return [getgid()] + others.filter { $0 != getgid() }
    }
}
