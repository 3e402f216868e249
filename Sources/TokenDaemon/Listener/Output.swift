internal import CShims
internal import Glibc
internal import Secrets

/// What of a connection's replies has not left yet.
struct Output {
    enum Progress { case empty, waiting, gone }

    private var kept: SecretBuffer?

    /// Bytes that wait.
    var count: Int { kept?.count ?? 0 }

    /// Sends what waits and then `fresh`; keeps what the kernel does not take. Never blocks.
    mutating func send(_ fresh: SecretBuffer, to fd: Int32) -> Progress {
        if let kept, kept.count > 0 {
            fresh.withBytes { kept.append($0) }
            return flush(to: fd)
        }
        let sent = fresh.withBytes { Self.send($0, to: fd) }
        guard sent >= 0 else { return .gone }
        guard sent < fresh.count else { return .empty }
        let rest = SecretBuffer(capacity: fresh.count - sent)
        fresh.withBytes { rest.append(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
        kept = rest
        return .waiting
    }

    /// Sends what waits.
    mutating func flush(to fd: Int32) -> Progress {
        guard let kept, kept.count > 0 else { return .empty }
        let sent = kept.withBytes { Self.send($0, to: fd) }
        guard sent >= 0 else { return .gone }
        kept.removeFirst(sent)
        if kept.count > 0 { return .waiting }
        self.kept = nil
        return .empty
    }

    /// Number of bytes the kernel took; negative when the peer is gone.
    private static func send(_ bytes: UnsafeRawBufferPointer, to fd: Int32) -> Int {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return 0 }
        let sent = tokend_send(fd, base, bytes.count)
        if sent >= 0 { return sent }
        return sent == -Int(EAGAIN) ? 0 : -1
    }
}
