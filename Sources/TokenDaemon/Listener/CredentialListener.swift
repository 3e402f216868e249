internal import CShims
internal import Glibc
internal import Systemd
internal import TokenAudit
internal import TokenLedger

/// Accepts what systemd asks for units that start, at the credential socket. Only root can connect there.
///
/// Nobody is turned away for want of room, because a unit would fail for it: who finds none waits in the kernel's queue.
final class CredentialListener: ReadinessHandler {
    /// Without one, what was kept is answered and nobody else.
    private let fd: Int32?
    private let keeper: TokenKeeper
    private let loop: Loop
    private let method: IdentificationMethod
    private let most: Int
    private var watch: WatchHandle?
    private var sessions: [Int32: CredentialSession] = [:]
    /// Accepted, when there was nothing left to look with who it is. Nobody else is as long as one is here.
    private var unseen: [(connection: Int32, isKept: Bool)] = []
    private var rest: LoopTimer?
    private var adoption: LoopTimer?
    private var sweep: LoopTimer?

    /// At all sockets together. Each of them can be one that systemd has to keep: `FileDescriptorStoreMax=` is more.
    static let most = 512
    private static let acceptedPerTurn = 64
    private static let restingTime = Int64.seconds(1) / 10
    private static let sweepInterval = Int64.seconds(10)

    /// `kept` are connections that the process before this one has left.
    init(fd: Int32?, most: Int, adopting kept: [Int32], loop: Loop, keeper: TokenKeeper, method: IdentificationMethod = .best) throws(SystemError) {
        self.fd = fd
        self.most = most
        self.loop = loop
        self.keeper = keeper
        self.method = method
        rest = try loop.timer { [unowned self] in
            let again = unseen
            unseen = []
            for (connection, isKept) in again { _ = take(connection, isKept: isKept) }
            listen()
        }
        sweep = try loop.timer { [unowned self] in sweepSessions() }
        // in the first turn, when the keeper has what the store held
        adoption = try loop.timer { [unowned self] in
            for connection in kept { _ = take(connection, isKept: true) }
        }
        adoption?.set(at: 0)
        if let fd { watch = try loop.watch(fd, LoopEvents.readable, self) }
    }

    var connections: Int { sessions.count + unseen.count }

    func ready(_ events: UInt32) {
        guard let fd else { return }
        for _ in 0..<Self.acceptedPerTurn {
            guard connections < most else { return pause() }
            switch acceptConnection(fd) {
            case .connection(let connection):
                guard take(connection, isKept: false) else { return }
            case .wouldBlock: return
            case .exhausted: return pauseForDescriptors()
            }
        }
    }

    private func pauseForDescriptors() {
        keeper.noteShortage()
        pause()
        rest?.set(at: loop.now + Self.restingTime)
    }

    /// A connection that waited before we began to accept is looked at like any other. On an old kernel its process number may be
    /// another's by now; but what connected was root, and systemd's child stays for as long as its connection does.
    ///
    /// `false` if there was nothing left to look with who it is.
    private func take(_ connection: Int32, isKept: Bool) -> Bool {
        guard let peer = identifyPeer(of: connection, method: method) else {
            _ = close(connection)
            return true
        }
        guard peer.unit != .exhausted else {
            putOff(connection, isKept: isKept)
            return false
        }
        let request = credentialRequest(of: peer, address: peerAddress(of: connection))
        let session = CredentialSession(fd: connection, isKept: isKept, request, of: peer, keeper: keeper, loop: loop) { [unowned self] in ended($0) }
        sessions[connection] = session
        if sessions.count == 1 { sweep?.set(at: loop.now + Self.sweepInterval) }
        session.open()
        return true
    }

    /// A refusal would be final, and untrue. It has left the kernel's queue: were this process killed, the unit would start with nothing.
    private func putOff(_ connection: Int32, isKept: Bool) {
        let isKept = isKept || FDStoreConnection.store(connection)
        if FDStoreConnection.isPeerConnected(connection) {
            unseen.append((connection, isKept))
        } else {
            if isKept { FDStoreConnection.remove(connection) }
            _ = close(connection)
        }
        pauseForDescriptors()
    }

    private func pause() {
        if let watch { loop.change(watch, 0) }
    }

    private func listen() {
        if let watch, unseen.isEmpty { loop.change(watch, LoopEvents.readable) }
    }

    private func ended(_ session: CredentialSession) {
        sessions[session.fd] = nil
        keeper.noteRoom(for: .descriptors)
        listen()
    }

    private func sweepSessions() {
        for session in Array(sessions.values) { session.age() }
        if !sessions.isEmpty { sweep?.set(at: loop.now + Self.sweepInterval) }
    }

    /// Takes no new connections. Those there are have their answer as soon as the keeper has stopped, or need some time to read it.
    func stop() {
        if let watch { loop.end(watch) }
        watch = nil
    }
}
