internal import CShims
internal import Glibc
internal import Systemd
internal import TokenAudit
internal import TokenLedger
internal import TokenWire

/// Accepts connections, finds out who is there, and keeps everyone within bounds.
final class Listener: ReadinessHandler {
    private let fd: Int32
    private let keeper: TokenKeeper
    private let loop: Loop
    private let method: IdentificationMethod
    private var watch: WatchHandle?
    private var sessions: [Int32: Session] = [:]
    /// Accepted, and not looked at yet.
    private var arrivals: [Share: [Int32: Arrival]] = [:]
    private var waitingRoom = FairPool(FairPool.Bounds(capacity: Limits.waitingRoom))
    private var sweep: LoopTimer?
    private var isSweeping = false
    /// How many connections one turn tries to accept: one where they come singly, more where they come turn after turn.
    private var eagerness = 1
    private var lastTurn: UInt64 = 0
    /// How often it was looked who waits.
    private var looks: UInt64 = 0
    private var attention = Attention()
    private var forerunners: Forerunners
    private var reserve = Listener.openReserve()
    private let desk: Desk

    private var rest: LoopTimer?

    private static let acceptedPerTurn = 1_024
    private static let acceptedUntimed = 1
    private static let restingTime = Int64.seconds(1) / 10
    private static let closedPerTurn = 128
    private static let sweepInterval = Int64.seconds(2)

    init(fd: Int32, loop: Loop, keeper: TokenKeeper, desk: Desk, method: IdentificationMethod = .best) throws(SystemError) {
        self.fd = fd
        self.desk = desk
        self.loop = loop
        self.keeper = keeper
        self.method = method
        tokend_refuse_descriptors(fd)
        forerunners = Forerunners(isAnybodyThere: isReadable(fd))
        watch = try loop.watch(fd, LoopEvents.readable, self)
        sweep = try loop.timer { [unowned self] in sweepSessions() }
        rest = try loop.timer { [unowned self] in
            if let watch { self.loop.change(watch, LoopEvents.readable) }
        }
    }

    var connections: Int { sessions.count }

    func ready(_ events: UInt32) {
        eagerness = lastTurn &+ 1 == loop.turns ? min(eagerness * 2, Self.acceptedPerTurn) : 1
        lastTurn = loop.turns
        accept(atMost: forerunners.areExpected ? Self.acceptedPerTurn : eagerness)
    }

    /// Whether somebody was let in since this was last asked, if anybody has waited since then. Who takes nobody in any more is excused.
    func isAttentive() -> Bool {
        watch == nil || attention.isPaid(isWaited: isReadable(fd), looks: looks)
    }

    private func accept(atMost number: Int) {
        looks &+= 1
        // another thread closes whoever was turned away with it, so it may come back late
        guard hasReserve() else { return pause() }
        for taken in 0..<number {
            // those who are in are heard between those who come
            if taken >= Self.acceptedUntimed, !desk.mayAccept() { return }
            switch acceptConnection(fd) {
            case .connection(let connection):
                guard welcome(connection, waiting: forerunners.isNext()) else { return pause() }
            case .wouldBlock: return forerunners.end()
            case .exhausted: return refuseForWantOfDescriptors()
            }
        }
    }

    /// Takes a connection in at once, or in its caller's turn. The kernel's queue is first come, first served, so it is emptied fast: a connection whose
    /// client has hung up and said nothing ends here, and one that has to wait costs three system calls until its slice comes.
    /// - Returns: `false` if there was nothing left to look with who it is.
    private func welcome(_ connection: Int32, waiting: Bool) -> Bool {
        guard !hasHungUp(connection) else {
            _ = close(connection)
            return true
        }
        // an old kernel knows a process by its number alone, and only for as long as it lives
        let canWait = !keeper.policy.asksForUnits || connectionsPinPeers
        guard canWait, !desk.begins(), let peer = peerCredentials(of: connection) else { return take(connection, waiting: waiting) }
        let caller = Caller(peer)
        let person = keeper.policy.subordinates.person(of: caller.uid)
        let share = Share(caller.uid == 0 ? .root : .user(person), .uid(person))
        guard admits(share) else {
            // many of one caller at once are taken in as before; but nobody hears an answer to those that came and went
            guard hasGone(connection) else { return take(connection, waiting: waiting) }
            keeper.noteLimit(caller)
            tokend_close_unread(connection)
            return true
        }
        let arrival = Arrival(fd: connection, share: share) { [unowned self] in
            leave($0)
            if !take(connection, waiting: waiting) { pause() }
        }
        arrivals[share, default: [:]][connection] = arrival
        desk.postpone(arrival, for: share)
        return true
    }

    private func admits(_ share: Share) -> Bool {
        while true {
            switch waitingRoom.claim(for: share) {
            case .granted: return true
            case .refused: return false
            case .takeFrom(let victim):
                guard let arrival = arrivals[victim]?.values.first else { return false }
                leave(arrival)
                arrival.isOver = true
                desk.turnedAway.add(arrival.fd, .tooManyConnections, for: victim)
            }
        }
    }

    private func leave(_ arrival: Arrival) {
        waitingRoom.release(of: arrival.share)
        arrivals[arrival.share]?[arrival.fd] = nil
        if arrivals[arrival.share]?.isEmpty == true { arrivals[arrival.share] = nil }
    }

    /// `false` if there was nothing left to look with who it is.
    private func take(_ connection: Int32, waiting: Bool) -> Bool {
        if let peer = identifyPeer(of: connection, method: method, fromBacklog: waiting, needsUnit: keeper.policy.asksForUnits, among: keeper.policy.groups) {
            guard peer.unit != .exhausted else {
                desk.turnedAway.addAtOnce(connection, .noDescriptors)
                return false
            }
            take(connection, of: peer)
        } else {
            tokend_close_unread(connection)
        }
        return true
    }

    private func take(_ connection: Int32, of peer: Peer) {
        let caller = Caller(peer)
        let share = keeper.policy.share(of: caller)
        guard desk.admits(share) else {
            keeper.noteLimit(caller)
            return desk.turnedAway.add(connection, .tooManyConnections, for: share)
        }
        let session = Session(fd: connection, caller: caller, share: share, keeper: keeper, desk: desk) { [unowned self] in ended($0) }
        do throws(SystemError) {
            try session.open()
            desk.began(session)
            keeper.connections.opened()
            sessions[connection] = session
            if !isSweeping { armSweep() }
        } catch {
            desk.forgoes(share)
            tokend_close_unread(connection)
        }
    }

    /// The descriptor kept for this moment lets the connection be told instead of left hanging.
    private func refuseForWantOfDescriptors() {
        if reserve >= 0 { _ = close(reserve) }
        reserve = -1
        if case .connection(let connection) = acceptConnection(fd) { desk.turnedAway.addAtOnce(connection, .noDescriptors) }
        pause()
    }

    private func hasReserve() -> Bool {
        if reserve < 0 { reserve = Self.openReserve() }
        return reserve >= 0
    }

    private static func openReserve() -> Int32 { Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC) }

    /// For want of descriptors the listener rests a little: it stays readable, and would be asked again and again.
    private func pause() {
        keeper.noteLimit(nil)
        if let watch { loop.change(watch, 0) }
        rest?.set(at: loop.now + Self.restingTime)
    }

    private func ended(_ session: Session) {
        sessions[session.fd] = nil
        keeper.connections.closed()
        keeper.noteRoom()
    }

    /// Another configuration is about to be in force.
    func configurationChanges() {
        for session in sessions.values { session.forgetCaller() }
    }

    private func sweepSessions() {
        let now = loop.now
        let over = Array(sessions.values.lazy.filter { $0.overstays(at: now) }.prefix(Self.closedPerTurn))
        for session in over { session.close() }
        // the others in the next turn, when those who ask have been heard
        if over.count == Self.closedPerTurn { return sweep?.set(at: loop.now) ?? () }
        keeper.dropReplies(all: sessions.isEmpty)
        if sessions.isEmpty { isSweeping = false } else { armSweep() }
    }

    private func armSweep() {
        isSweeping = true
        sweep?.set(at: loop.now + Self.sweepInterval)
    }

    /// Takes no new connections, and ends those there are as they come to their end: to be called until there are none. The socket
    /// itself stays open: it may be systemd's.
    func stop() {
        if let watch { loop.end(watch) }
        watch = nil
        for arrival in arrivals.values.flatMap(\.values) {
            arrival.resume()
            arrival.isOver = true
        }
        for session in Array(sessions.values) { session.finish() }
    }
}

/// A connection that waits for its slice.
private final class Arrival: Work {
    let fd: Int32
    let share: Share
    /// It was taken in, or turned away, before its slice came.
    var isOver = false
    private let take: (Arrival) -> Void

    init(fd: Int32, share: Share, take: @escaping (Arrival) -> Void) {
        self.fd = fd
        self.share = share
        self.take = take
    }

    func resume() { if !isOver { take(self) } }
}

/// Whether the client has closed its side for good, whatever it left to read.
private func hasGone(_ fd: Int32) -> Bool {
    var interest = pollfd(fd: fd, events: 0, revents: 0)
    return poll(&interest, 1, 0) > 0 && interest.revents & Int16(POLLHUP) != 0
}

private func isReadable(_ fd: Int32) -> Bool {
    var interest = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
    return poll(&interest, 1, 0) > 0
}

/// Who waited at a socket before anybody accepted there: such a connection may be older than its process number. The queue is first in,
/// first out, so they are the ones that come before it was empty once; and where it is filled as fast as it is emptied, the first ones.
struct Forerunners {
    private var left: Int
    /// More than a queue holds: net.core.somaxconn is 4,096 unless somebody raised it.
    static let most = 65_536

    init(isAnybodyThere: Bool) { left = isAnybodyThere ? Self.most : 0 }

    var areExpected: Bool { left > 0 }

    /// Whether the next connection is one of them.
    mutating func isNext() -> Bool {
        defer { left = max(left - 1, 0) }
        return left > 0
    }

    /// The queue was empty.
    mutating func end() { left = 0 }
}

extension Refusal {
    static let noDescriptors = Refusal(.busy, [Field("retry-after", 1)], "the daemon has no descriptors left")
    static let tooManyConnections = Refusal(.busy, [Field("retry-after", 1)], "too many connections")
}

extension Caller {
    init(_ peer: Peer) {
        self.init(uid: peer.uid, gid: peer.gid, groups: peer.groups, pid: peer.pid, unit: CallerUnit(peer.unit))
    }
}

extension CallerUnit {
    init(_ unit: PeerUnit) {
        self =
            switch unit {
            case .unit(let name): CallerUnit(service: name)
            case .none: .none
            // of a connection that was let in before its unit was looked for; it can be told later
            case .untold, .exhausted: .untold
            case .missed: .missed
            case .failed: .failed
            }
    }
}
