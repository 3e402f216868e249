internal import CShims
internal import Glibc

/// Two connected non-blocking Unix sockets. They are closed when the last reference is released.
package final class SocketPair {
    package enum Kind { case stream, datagram }

    package private(set) var a: Int32
    package private(set) var b: Int32

    package init(_ kind: Kind = .stream) throws {
        var ends: [Int32] = [-1, -1]
        let type = kind == .stream ? SOCK_STREAM : SOCK_DGRAM
        guard socketpair(AF_UNIX, Int32(type.rawValue), 0, &ends) == 0 else {
            throw TestFailure("cannot create a pair of sockets: errno \(errno)")
        }
        for end in ends {
            _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (a, b) = (ends[0], ends[1])
    }

    deinit {
        closeA()
        closeB()
    }

    /// The descriptor, which the caller must close from now on.
    package func takeA() -> Int32 {
        defer { a = -1 }
        return a
    }

    package func closeA() { SocketPair.close(&a) }
    package func closeB() { SocketPair.close(&b) }

    private static func close(_ end: inout Int32) {
        if end >= 0 { Glibc.close(end) }
        end = -1
    }
}

/// Sends a text. Returns `false` if it did not fit or the peer has closed.
package func send(_ text: String, to fd: Int32) -> Bool {
    let bytes = Array(text.utf8)
    return bytes.withUnsafeBytes { tokend_send(fd, $0.baseAddress!, $0.count) } == bytes.count
}

/// The received text, at most 64 KiB; `nil` if there is none, "" at the end of input.
package func receive(from fd: Int32) -> String? {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = bytes.withUnsafeMutableBytes { tokend_recv_bytes(fd, $0.baseAddress!, $0.count) }
    return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
}
