internal import CShims
internal import Glibc
internal import Secrets

/// One connection of a browser, or of whoever else found the port: one request, one response, then it is closed.
final class BrowserConnection {
    enum Stage {
        /// The request is still coming.
        case reading
        /// The request is here, its answer is not known yet.
        case waiting
        /// The response is on its way.
        case writing
        /// The response is out. What still comes is thrown away: closing over unread bytes would reset the connection, and the
        /// browser might lose the response.
        case draining
        case over
    }

    enum Progress {
        case more
        case whole(RequestHead)
        case faulty(RequestHead.Fault)
    }

    let descriptor: Int32
    let owner: LoopbackOwner
    private(set) var stage = Stage.reading
    private(set) var deadline = Deadline(inSeconds: requestTime)
    private let input = SecretBuffer(capacity: 2048)
    /// How many bytes are known to hold no end of the head.
    private var searched = 0
    private var head: RequestHead?
    private var output: [UInt8] = []
    private var sent = 0
    private var drained = 0
    /// What happens once the response is out.
    private var whenSent: () -> Void = {}

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        owner = LoopbackOwner(of: descriptor)
    }

    deinit { close(descriptor) }

    /// Whether nothing has come yet: browsers open such connections in advance.
    var isSilent: Bool { stage == .reading && input.count == 0 }

    /// What to wait for; `nil` when there is nothing to wait for.
    var interest: Int16? {
        switch stage {
        case .reading, .draining: Int16(POLLIN)
        case .writing: Int16(POLLOUT)
        case .waiting, .over: nil
        }
    }

    /// Lends all that has come.
    func withInput<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R { input.withBytes(body) }

    /// Takes in what has come of the request.
    func read() -> Progress {
        while true {
            let count = receive { input.append($0) }
            switch count {
            case ..<0: return .more
            case 0:
                stage = .over
                return .more
            default:
                switch progress() {
                case .more: continue
                case let settled: return settled
                }
            }
        }
    }

    /// Holds the request until its answer is known.
    func hold() { stage = .waiting }

    /// Begins to send the response.
    func respond(_ response: [UInt8], whenSent: @escaping () -> Void = {}) {
        input.removeAll()
        output = response
        self.whenSent = whenSent
        stage = .writing
        deadline = Deadline(inSeconds: BrowserConnection.requestTime)
        write()
    }

    /// Sends on.
    func write() {
        while sent < output.count {
            let count = output.withUnsafeBytes { tokend_send(descriptor, $0.baseAddress! + sent, $0.count - sent) }
            if count == -Int(EAGAIN) { return }
            guard count > 0 else {
                stage = .over
                return
            }
            sent += count
        }
        shutdown(descriptor, Int32(SHUT_WR))
        stage = .draining
        deadline = Deadline(inSeconds: BrowserConnection.drainTime)
        whenSent()
    }

    /// Throws away what comes after the response, up to a bound.
    func drain() {
        while true {
            let count = receive { drained += $0.count }
            if count < 0 { return }
            guard count > 0, drained < BrowserConnection.mostDrained else {
                stage = .over
                return
            }
        }
    }

    /// The number of bytes, 0 at the end, less when there are none yet.
    private func receive(_ body: (UnsafeRawBufferPointer) -> Void) -> Int {
        withUnsafeTemporaryAllocation(byteCount: 16384, alignment: 8) { chunk in
            guard let base = chunk.baseAddress else { return 0 }
            let count = tokend_recv_bytes(descriptor, base, chunk.count)
            if count > 0 {
                body(UnsafeRawBufferPointer(start: base, count: count))
                tokend_wipe(base, count)
            }
            return count < 0 && count != -Int(EAGAIN) ? 0 : count
        }
    }

    private func progress() -> Progress {
        input.withBytes { bytes in
            do throws(RequestHead.Fault) {
                if head == nil { head = try findHead(bytes) }
                guard let head else { return .more }
                return bytes.count >= head.body.upperBound ? .whole(head) : .more
            } catch {
                return .faulty(error)
            }
        }
    }

    private func findHead(_ bytes: UnsafeRawBufferPointer) throws(RequestHead.Fault) -> RequestHead? {
        let end = (max(0, searched - 3)..<max(0, bytes.count - 3)).first { place in
            bytes[place] == 0x0D && bytes[place + 1] == 0x0A && bytes[place + 2] == 0x0D && bytes[place + 3] == 0x0A
        }
        searched = bytes.count
        guard (end ?? bytes.count) <= RequestHead.longestHead else { throw .headTooLong }
        guard let end else { return nil }
        return try RequestHead(UnsafeRawBufferPointer(rebasing: bytes[..<(end + 4)]))
    }

    private static let requestTime: Int64 = 10
    private static let drainTime: Int64 = 2
    private static let mostDrained = 256 * 1024
}
