internal import CShims
internal import Glibc
internal import Secrets
internal import Systemd
internal import TokenLedger
internal import TokenWire

/// Connections that were told why they are not served. Each stays open until its client has hung up, or for a moment: a client that
/// sends its request before it reads would otherwise meet a broken pipe instead of the reason.
final class TurnedAway {
    private let loop: Loop
    private var pool = FairPool(TurnedAway.bounds)
    private var connections: [Share: [Int32: Leaving]] = [:]
    private var sweep: LoopTimer?
    private var isSweeping = false

    enum Reason { case tooManyConnections, noDescriptors }

    // made once: a flood of connections is turned away faster than it comes
    private let tooManyConnections = line(.tooManyConnections)
    private let noDescriptors = line(.noDescriptors)

    private static func line(_ refusal: Refusal) -> [UInt8] {
        let line = SecretBuffer()
        refusal.write(to: line)
        return line.withBytes { Array($0) }
    }

    private static let bounds = FairPool.Bounds(capacity: most, perHolder: 32, strangers: 64, perStranger: 4)
    /// Descriptors that are kept for them.
    static let most = 256
    private static let patience = Int64.seconds(2)

    init(_ loop: Loop) throws(SystemError) {
        self.loop = loop
        sweep = try loop.timer { [unowned self] in endLate() }
    }

    /// Tells a connection that is under no watch, and sees to its end.
    func add(_ fd: Int32, _ reason: Reason, for share: Share) {
        guard say(reason, to: fd), hasRoom(for: share) else { return tokend_close_unread(fd) }
        do throws(SystemError) {
            connections[share, default: [:]][fd] = try Leaving(fd, share, loop) { [unowned self] in ended($0) }
            if !isSweeping { armSweep() }
        } catch {
            pool.release(of: share)
            tokend_close_unread(fd)
        }
    }

    /// Tells a connection, and ends it: for want of descriptors.
    func addAtOnce(_ fd: Int32, _ reason: Reason) {
        _ = say(reason, to: fd)
        tokend_close_unread(fd)
    }

    /// `false` if the client hears nothing any more.
    private func say(_ reason: Reason, to fd: Int32) -> Bool {
        let line = reason == .tooManyConnections ? tooManyConnections : noDescriptors
        guard line.withUnsafeBytes({ tokend_send(fd, $0.baseAddress!, $0.count) }) > 0 else { return false }
        _ = shutdown(fd, Int32(SHUT_WR))
        return true
    }

    private func hasRoom(for share: Share) -> Bool {
        while true {
            switch pool.claim(for: share) {
            case .granted: return true
            case .refused: return false
            case .takeFrom(let victim):
                guard let oldest = connections[victim]?.values.min(by: { $0.began < $1.began }) else { return false }
                oldest.close()
            }
        }
    }

    private func ended(_ leaving: Leaving) {
        pool.release(of: leaving.share)
        connections[leaving.share]?[leaving.fd] = nil
        if connections[leaving.share]?.isEmpty == true { connections[leaving.share] = nil }
    }

    private func endLate() {
        let late = connections.values.joined().filter { loop.now - $0.value.began >= Self.patience }
        for (_, leaving) in late { leaving.close() }
        if connections.isEmpty { isSweeping = false } else { armSweep() }
    }

    private func armSweep() {
        isSweeping = true
        sweep?.set(at: loop.now + Self.patience / 4)
    }

    /// One of them: what it sends is read and dropped.
    private final class Leaving: ReadinessHandler {
        let fd: Int32
        let share: Share
        let began: Int64
        private let loop: Loop
        private let gone: (Leaving) -> Void
        private var watch: WatchHandle?
        private var readingsLeft = Leaving.mostReadings

        /// Of 4 kB each. Nobody sends so much before it reads.
        private static let mostReadings = 64

        init(_ fd: Int32, _ share: Share, _ loop: Loop, _ gone: @escaping (Leaving) -> Void) throws(SystemError) {
            self.fd = fd
            self.share = share
            self.loop = loop
            self.gone = gone
            began = loop.now
            watch = try loop.watch(fd, LoopEvents.readable, self)
        }

        func ready(_ events: UInt32) {
            let count = withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { tokend_recv(fd, $0.baseAddress!, $0.count) }
            readingsLeft -= 1
            if readingsLeft < 0 || (count <= 0 && count != -Int(EAGAIN)) { close() }
        }

        func close() {
            guard let watch else { return }
            loop.end(watch)
            self.watch = nil
            tokend_close_unread(fd)
            gone(self)
        }
    }
}
