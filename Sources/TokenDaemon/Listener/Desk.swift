internal import Secrets
internal import Systemd
internal import TokenLedger

/// What all connections of a listener share: one room to read into, one buffer to write from, one account of memory.
final class Desk {
    let loop: Loop
    /// Of the configuration in force.
    var limits: Limits
    /// Received bytes; good until the next receive.
    let room: UnsafeMutableRawBufferPointer
    /// What the session at work is saying; empty between turns.
    let scratch = SecretBuffer(capacity: 16 * 1024)
    private var held: [ObjectIdentifier: Int] = [:]
    private var heldInAll = 0
    private let gone: (Session) -> Void
    private var postponed: [Session] = []
    private var again: LoopTimer?

    init(loop: Loop, limits: Limits, gone: @escaping (Session) -> Void) {
        self.loop = loop
        self.limits = limits
        self.gone = gone
        room = .allocate(byteCount: 64 * 1024, alignment: 16)
        again = try? loop.timer { [unowned self] in resumePostponed() }
    }

    isolated deinit { room.deallocate() }

    /// A session has more to do than one turn allows: it goes on in the next.
    func postpone(_ session: Session) {
        postponed.append(session)
        again?.set(at: loop.now)
    }

    private func resumePostponed() {
        let due = postponed
        postponed = []
        for session in due { session.resume() }
    }

    /// Notes how many bytes a session keeps; `false` when all together keep too many and this one has to go.
    func holds(_ session: Session, bytes: Int) -> Bool {
        let id = ObjectIdentifier(session)
        guard bytes > 0 || held[id] != nil else { return true }
        heldInAll += bytes - (held[id] ?? 0)
        held[id] = bytes > 0 ? bytes : nil
        return heldInAll <= limits.buffers
    }

    func ended(_ session: Session) {
        heldInAll -= held.removeValue(forKey: ObjectIdentifier(session)) ?? 0
        gone(session)
    }
}
