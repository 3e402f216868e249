internal import Secrets
internal import TokenWire

/// What looking at reference tokens has shown (STAT-03), and when each is looked at next. Only a token that is held, and whose configuration names a way,
/// has a row.
struct References: Sendable {
    private var probes: [TokenName: ProbeState] = [:]
    private var looks = Deadlines<TokenName>()

    subscript(token: TokenName) -> ProbeState? { probes[token] }

    var tokens: [TokenName] { Array(probes.keys) }
    var count: Int { probes.count }
    var nextDeadline: Int64? { looks.next }

    // MARK: which are looked at

    /// It is looked at from now on, in this way; `false` if nothing has changed. The same token in another way keeps what is known of it until the next
    /// look.
    mutating func begin(_ token: TokenName, _ subject: ProbeState.Subject) -> Bool {
        guard probes[token]?.subject != subject else { return false }
        if probes[token]?.subject.id == subject.id {
            probes[token]?.subject = subject
            probes[token]?.errand = nil
        } else {
            probes[token] = ProbeState(of: subject)
        }
        return true
    }

    /// It is looked at no longer. Gives what was known of it.
    mutating func end(_ token: TokenName) -> ProbeState? {
        looks.set(token, at: nil)
        return probes.removeValue(forKey: token)
    }

    // MARK: looks

    mutating func setLook(_ token: TokenName, at boot: Int64) { looks.set(token, at: probes[token] == nil ? nil : boot) }

    mutating func due(at boot: Int64, atMost most: Int) -> [TokenName] { looks.due(at: boot, atMost: most) }

    mutating func stopLooking() { looks = Deadlines() }

    /// A look is under way.
    mutating func look(_ token: TokenName, _ errand: UInt64) {
        looks.set(token, at: nil)
        probes[token]?.errand = errand
    }

    /// It has ended; `false` if it is not the one that is waited for.
    mutating func looked(_ token: TokenName, _ errand: UInt64) -> Bool {
        guard probes[token]?.errand == errand else { return false }
        probes[token]?.errand = nil
        return true
    }

    // MARK: what a look has shown

    /// One kind of trouble has taken the place of another, or of none.
    struct Change: Sendable {
        var id: Fingerprint
        var before: ProbeTrouble?
        var now: ProbeTrouble?
    }

    /// Whether the token is taken. Gives what has changed.
    mutating func setRefusal(_ trouble: ProbeTrouble?, _ token: TokenName) -> Change? { set(\.refusal, trouble, token) }

    /// Whether the look itself brings anything. While somebody has to change something about it, it makes no difference that the server is away as well.
    mutating func setHindrance(_ trouble: ProbeTrouble?, _ token: TokenName) -> Change? {
        if probes[token]?.hindrance?.kind == .misconfigured, trouble?.kind == .unanswered { return nil }
        return set(\.hindrance, trouble, token)
    }

    private mutating func set(_ place: WritableKeyPath<ProbeState, ProbeTrouble?>, _ trouble: ProbeTrouble?, _ token: TokenName) -> Change? {
        guard var state = probes[token] else { return nil }
        let before = state[keyPath: place]
        state[keyPath: place] = trouble
        probes[token] = state
        return before?.kind == trouble?.kind ? nil : Change(id: state.subject.id, before: before, now: trouble)
    }

    /// The server says when the token ends, in seconds since the epoch; `false` if that is known.
    mutating func setEnd(_ end: Int64, _ token: TokenName) -> Bool {
        guard probes[token] != nil, probes[token]?.end != end else { return false }
        probes[token]?.end = end
        return true
    }

    // MARK: check

    func check(isStopping: Bool) -> [String] {
        let unseen = probes.filter { !isStopping && $0.value.errand == nil && looks[$0.key] == nil }
        return unseen.keys.map { "\($0) is not looked at again" }
            + looks.keys.filter { probes[$0] == nil }.map { "\($0) is to be looked at and has no probe" }
    }

    func nextLook(_ token: TokenName) -> Int64? { looks[token] }
}
