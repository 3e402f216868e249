internal import CShims
internal import Glibc
internal import Secrets
internal import Systemd
internal import TokenLedger
internal import TokenWire

/// One credential for one unit: a token and the end, or a refusal.
///
/// systemd takes whatever comes before the end of the connection for the credential, and starts the unit with an empty one when nothing
/// does. So a refusal is more zeros than it accepts (1 MiB), and the connection does not end before they are read. Were this process killed
/// in the middle, the next one would take over the connection and, where an answer has begun, make a refusal of it.
final class CredentialSession: ReadinessHandler, Asker {
    let fd: Int32
    let caller: Caller
    private let request: Result<CredentialRequest, CredentialRequestError>
    private let keeper: TokenKeeper
    private let loop: Loop
    private let gone: (CredentialSession) -> Void
    private var watch: WatchHandle?
    private var state = State.new
    /// How many looks in a row found it as the one before.
    private var looks = 0
    /// Whether systemd has a copy of the connection.
    private var isKept: Bool

    private enum State {
        case new
        /// The keeper owes the answer.
        case asking(waiter: UInt64)
        /// This has not left yet.
        case telling(Output)
        /// So many zeros have not.
        case refusing(Int)
        case closed
    }

    /// CREDENTIAL_SIZE_MAX of systemd, and one more.
    private static let refusal = 1 << 20 + 1
    private static let zeros = [UInt8](repeating: 0, count: 65_536)
    /// In sweeps that are really made: half a minute for whoever is not taken for systemd. A child of systemd ends with its unit, and half a
    /// refusal would be its credential.
    private var longestSilence: Int? {
        switch request {
        case .success: nil
        case .failure: 3
        }
    }

    init(
        fd: Int32, isKept: Bool, _ request: Result<CredentialRequest, CredentialRequestError>, of peer: Peer, keeper: TokenKeeper, loop: Loop,
        gone: @escaping (CredentialSession) -> Void
    ) {
        self.fd = fd
        self.isKept = isKept
        self.request = request
        self.keeper = keeper
        self.loop = loop
        self.gone = gone
        caller =
            switch request {
            case .success(let request): Caller(starting: CallerUnit(service: request.unit), pid: peer.pid)
            case .failure: Caller(peer)
            }
    }

    var unitForTheRecord: CallerUnit { caller.unit }
    var processForTheRecord: String { peerName(of: fd) }

    func open() {
        do throws(SystemError) { watch = try loop.watch(fd, LoopEvents.readable, self) } catch { return refuse() }
        switch request {
        case .failure(let doubt):
            keeper.refuseCredential(to: caller, doubt)
            refuse()
        case .success(let request):
            if FDStoreConnection.hasReplyStarted(fd) { return refuse(request, .unavailable, "the tokend before this one ended in the middle of its answer") }
            if isSpoken { return refuseSpeaker(request) }
            switch keeper.credential(request.id, 0, from: self) {
            case .reply(let reply): say(reply)
            case .later(let waiter):
                state = .asking(waiter: waiter)
                // were this process killed, the unit would start with nothing
                keep()
            case .watching, .listing: refuse()
            }
        }
    }

    // MARK: what the keeper says

    func hear(_ number: UInt64, _ reply: Reply) {
        guard case .asking = state else { return }
        say(reply)
    }

    func movedWait(_ number: UInt64, to waiter: UInt64) { state = .asking(waiter: waiter) }

    /// Never: a credential is not watched.
    func hear(row: Row) {}
    func hearEnd(_ refusal: Refusal) {}

    // MARK: what the peer does

    func ready(_ events: UInt32) {
        if events & LoopEvents.hangup != 0 { return close() }
        if events & LoopEvents.readable != 0 { listen() }
        if events & LoopEvents.writable != 0 { goOn() }
    }

    /// It has closed its sending side, as systemd does at once; or it has said something, which systemd does not.
    private func listen() {
        guard case .asking(let waiter) = state, case .success(let request) = request, isSpoken else { return want(0) }
        keeper.withdraw([waiter])
        refuseSpeaker(request)
    }

    private var isSpoken: Bool {
        var byte: UInt8 = 0
        return tokend_recv(fd, &byte, 1) > 0
    }

    private func refuseSpeaker(_ request: CredentialRequest) {
        refuse(request, .badRequest, "the peer sends something, which systemd does not")
    }

    // MARK: the answer

    private func say(_ reply: Reply) {
        guard case .token(let served) = reply else { return refuse() }
        FDStoreConnection.markReplyStarted(fd)
        let bytes = SecretBuffer()
        bytes.append(served.token)
        var output = Output()
        let progress = output.send(bytes, to: fd)
        state = .telling(output)
        settle(progress)
    }

    private func refuse(_ request: CredentialRequest, _ code: RefusalCode, _ text: String) {
        _ = keeper.refuseCredential(Refusal(code, [], text), request.id, nil, self)
        refuse()
    }

    private func refuse() {
        FDStoreConnection.markReplyStarted(fd)
        // were this process killed, the zeros that have left would be the credential
        keep()
        state = .refusing(Self.refusal)
        goOn()
    }

    private func goOn() {
        looks = 0
        switch state {
        case .telling(var output):
            let progress = output.flush(to: fd)
            state = .telling(output)
            settle(progress)
        case .refusing(let left): settle(sendZeros(left))
        case .new, .asking, .closed: break
        }
    }

    private func sendZeros(_ left: Int) -> Output.Progress {
        var left = left
        while left > 0 {
            let sent = Self.zeros.withUnsafeBytes { tokend_send(fd, $0.baseAddress!, min(left, $0.count)) }
            if sent == -Int(EAGAIN) {
                state = .refusing(left)
                return .waiting
            }
            // systemd closes when it has had too much
            guard sent >= 0 else { return .gone }
            left -= sent
        }
        return .empty
    }

    private func settle(_ progress: Output.Progress) {
        switch progress {
        case .waiting: want(LoopEvents.writable)
        case .empty, .gone: close()
        }
    }

    private func keep() {
        if !isKept { isKept = FDStoreConnection.store(fd) }
    }

    private func want(_ events: UInt32) {
        if let watch { loop.change(watch, events) }
    }

    // MARK: the end

    /// Called now and then: what systemd had no room for is offered again, and a peer that reads nothing has its answer no longer kept for it.
    func age() {
        switch state {
        case .asking: return keep()
        case .refusing:
            keep()
            // the kernel had no room to watch it
            if watch == nil { watch = try? loop.watch(fd, LoopEvents.writable, self) }
        case .new, .telling, .closed: break
        }
        looks += 1
        if let longestSilence, looks > longestSilence { close() }
    }

    private func close() {
        if case .closed = state { return }
        if case .asking(let waiter) = state { keeper.withdraw([waiter]) }
        state = .closed
        // systemd may have a copy, so closing ours would leave it under watch
        if let watch { loop.end(watch) }
        shutdown(fd, Int32(SHUT_RDWR))
        // not before the peer has its end, or a kill in between would take the answer from it
        if isKept { FDStoreConnection.remove(fd) }
        _ = Glibc.close(fd)
        gone(self)
    }
}
