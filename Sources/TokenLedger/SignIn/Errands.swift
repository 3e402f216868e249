internal import OAuth
internal import TokenWire

/// Who hears of what is asked of servers beside tokens.
struct Errands: Sendable {
    private var purposes: [UInt64: ErrandPurpose] = [:]

    mutating func begin(_ id: UInt64, _ purpose: ErrandPurpose) { purposes[id] = purpose }

    mutating func end(_ id: UInt64) -> ErrandPurpose? { purposes.removeValue(forKey: id) }

    /// Those who sign out wait for no server any longer; in their order.
    mutating func takeSignOuts() -> [(waiter: UInt64, SignOut)] {
        purposes.sorted { $0.key < $1.key }.compactMap { id, purpose in
            guard case .signOut(let waiter, let signOut) = purpose else { return nil }
            purposes[id] = nil
            return (waiter, signOut)
        }
    }

    var count: Int { purposes.count }
    var revocationCount: Int { purposes.values.count { if case .revocation = $0 { true } else { false } } }
    var probeCount: Int { purposes.values.count { if case .probe = $0 { true } else { false } } }

    subscript(id: UInt64) -> ErrandPurpose? { purposes[id] }

    func searches(of server: ServerSettings) -> Int { purposes.values.count { if case .login(server) = $0 { true } else { false } } }
}

/// Who hears of an errand.
enum ErrandPurpose: Sendable {
    /// All sign-ins that wait for the metadata of a server.
    case login(ServerSettings)
    case signOut(waiter: UInt64, SignOut)
    case revocation(RevocationKey)
    case probe(TokenName)
}
