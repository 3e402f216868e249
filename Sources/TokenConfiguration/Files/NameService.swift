internal import Systemd
package import TokenLedger

/// How users and groups become numbers, and whose subordinate uids are whose. Asking may take long: never on the loop.
package struct NameService: Sendable {
    package var userID: @Sendable (String) -> UInt32?
    package var groupID: @Sendable (String) -> UInt32?
    package var subordinates: @Sendable () -> SubordinateUIDs

    package init(
        userID: @escaping @Sendable (String) -> UInt32?, groupID: @escaping @Sendable (String) -> UInt32?,
        subordinates: @escaping @Sendable () -> SubordinateUIDs = { SubordinateUIDs() }
    ) {
        self.userID = userID
        self.groupID = groupID
        self.subordinates = subordinates
    }

    /// The machine's own (getpwnam(3), getgrnam(3), subuid(5)).
    package static let system = NameService(
        userID: { Systemd.userID($0) }, groupID: { Systemd.groupID($0) },
        subordinates: { SubordinateUIDs((try? OpenedFile("/etc/subuid", followsLinks: true).text()) ?? "") })
}

/// Asks for each name once a reading, and says which numbers no rule may have.
final class NameResolver {
    private let service: NameService
    private var users: [String: UInt32?] = [:]
    private var groups: [String: UInt32?] = [:]

    init(_ service: NameService) { self.service = service }

    /// The user as written; a number stands for itself, whether or not somebody has it.
    func user(_ name: String) throws(Complaint) -> NamedID {
        let id = try number(name) ?? remembered(name, in: &users, service.userID)
        try id.map(mustBeLasting)
        return NamedID(name: name, id: id)
    }

    func group(_ name: String) throws(Complaint) -> NamedID {
        let id = try number(name) ?? remembered(name, in: &groups, service.groupID)
        try id.map(mustBeLasting)
        return NamedID(name: name, id: id)
    }

    private func remembered(_ name: String, in known: inout [String: UInt32?], _ ask: (String) -> UInt32?) -> UInt32? {
        if let answer = known[name] { return answer }
        let answer = ask(name)
        known[name] = .some(answer)
        return answer
    }

    private func number(_ name: String) throws(Complaint) -> UInt32? {
        guard name.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        guard let id = UInt32(name) else { throw Complaint("is not a possible number") }
        return id
    }

    private func mustBeLasting(_ id: UInt32) throws(Complaint) {
        switch id {
        case 61184...65519:
            throw Complaint("\(id) is one of systemd's dynamic numbers, somebody else's tomorrow; name the unit instead")
        case 65534, 65535, UInt32.max:
            throw Complaint("\(id) is nobody in particular: everyone whose number has no meaning here looks like it")
        default:
            break
        }
    }
}
