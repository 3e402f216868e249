internal import CShims
internal import Glibc
internal import Secrets
internal import Systemd
internal import TokenLedger
internal import TokenWire

/// Accepts connections, finds out who is there, and keeps everyone within bounds.
final class Listener: Readiness {
    private let fd: Int32
    private let keeper: TokenKeeper
    private let loop: Loop
    private let way: IdentificationWay
    private var watch: Watch?
    private var sessions: [Int32: Session] = [:]
    private var census = Census()
    private var sweep: LoopTimer?
    private var isSweeping = false
    /// How many connections one turn tries to accept: one where they come singly, more where they come turn after turn.
    private var eagerness = 1
    private var lastTurn: UInt64 = 0
    /// How often it was looked who waits.
    private var looks: UInt64 = 0
    private var attention = Attention()
    private var forerunners: Forerunners
    private var reserve = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
    private lazy var desk = Desk(loop: loop, limits: keeper.limits) { [unowned self] in ended($0) }

    private var rest: LoopTimer?

    private static let acceptedPerTurn = 64
    private static let restingTime = Int64.seconds(1) / 10
    private static let sweepInterval = Int64.seconds(2)

    init(fd: Int32, loop: Loop, keeper: TokenKeeper, way: IdentificationWay = .best) throws(SystemError) {
        self.fd = fd
        self.loop = loop
        self.keeper = keeper
        self.way = way
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
        for _ in 0..<number {
            switch acceptConnection(fd) {
            case .connection(let connection):
                guard take(connection, waiting: forerunners.isNext()) else { return pause() }
            case .nobody: return forerunners.end()
            case .exhausted: return refuseForWantOfDescriptors()
            }
        }
    }

    /// `false` if there was nothing left to look with who it is.
    private func take(_ connection: Int32, waiting: Bool) -> Bool {
        if let peer = identifyPeer(of: connection, way: way, waiting: waiting, needsUnit: keeper.policy.asksForUnits) {
            guard peer.unit != .exhausted else {
                refuse(connection, .noDescriptors)
                return false
            }
            take(connection, of: peer)
        } else {
            _ = close(connection)
        }
        return true
    }

    private func take(_ connection: Int32, of peer: Peer) {
        let caller = Caller(peer)
        let isStranger = keeper.policy.isStranger(caller)
        guard census.admits(caller.uid, isStranger: isStranger, keeper.limits) else { return turnAway(connection, caller) }
        let session = Session(fd: connection, caller: caller, isStranger: isStranger, keeper: keeper, desk: desk)
        do throws(SystemError) {
            try session.open()
            census.add(caller.uid, isStranger: isStranger)
            keeper.connections.opened()
            sessions[connection] = session
            if !isSweeping { armSweep() }
        } catch {
            _ = close(connection)
        }
    }

    private func turnAway(_ connection: Int32, _ caller: Caller) {
        keeper.noteLimit(caller)
        refuse(connection, .tooManyConnections)
    }

    /// Tells a connection that there is no room for it; nobody else notices.
    private func refuse(_ connection: Int32, _ refusal: Refusal) {
        let line = SecretBuffer()
        refusal.write(to: line)
        _ = line.withBytes { $0.baseAddress.map { start in tokend_send(connection, start, line.count) } }
        _ = close(connection)
    }

    /// The descriptor kept for this moment lets the connection be told instead of left hanging.
    private func refuseForWantOfDescriptors() {
        if reserve >= 0 { _ = close(reserve) }
        if case .connection(let connection) = acceptConnection(fd) { refuse(connection, .noDescriptors) }
        reserve = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
        pause()
    }

    /// For want of descriptors the listener rests a little: it stays readable, and would be asked again and again.
    private func pause() {
        keeper.noteLimit(nil)
        if let watch { loop.change(watch, 0) }
        rest?.set(at: loop.now + Self.restingTime)
    }

    private func ended(_ session: Session) {
        sessions[session.fd] = nil
        census.remove(session.caller.uid, isStranger: session.isStranger)
        keeper.connections.closed()
        keeper.noteRoom()
    }

    /// The configuration has changed: other limits hold, and whoever was let in without a look at its unit is looked at now, if it
    /// matters.
    func configurationChanged() {
        desk.limits = keeper.limits
        guard keeper.policy.asksForUnits else { return }
        for session in sessions.values { session.tellUnit() }
    }

    private func sweepSessions() {
        let now = loop.now
        for session in sessions.values.filter({ $0.overstays(at: now) }) { session.close() }
        keeper.dropHandOuts(all: sessions.isEmpty)
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
        for session in Array(sessions.values) { session.finish() }
    }
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

/// How many connections there are, of whom.
struct Census {
    private var all = 0
    private var byUser: [UInt32: Int] = [:]
    private var strangers = 0
    private var strangersByUser: [UInt32: Int] = [:]

    func admits(_ uid: UInt32, isStranger: Bool, _ limits: Limits) -> Bool {
        guard all < limits.connections else { return false }
        guard isStranger else { return byUser[uid, default: 0] < limits.connectionsPerUID }
        return strangers < limits.strangers && strangersByUser[uid, default: 0] < limits.strangersPerUID
    }

    mutating func add(_ uid: UInt32, isStranger: Bool) { count(uid, isStranger, 1) }
    mutating func remove(_ uid: UInt32, isStranger: Bool) { count(uid, isStranger, -1) }

    private mutating func count(_ uid: UInt32, _ isStranger: Bool, _ change: Int) {
        all += change
        if isStranger {
            strangers += change
            strangersByUser[uid] = nonzero(strangersByUser[uid, default: 0] + change)
        } else {
            byUser[uid] = nonzero(byUser[uid, default: 0] + change)
        }
    }

    private func nonzero(_ number: Int) -> Int? { number > 0 ? number : nil }
}

extension Refusal {
    static let noDescriptors = Refusal(.busy, [Field("retry-after", 1)], "the daemon has no descriptors left")
    fileprivate static let tooManyConnections = Refusal(.busy, [Field("retry-after", 1)], "too many connections")
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
