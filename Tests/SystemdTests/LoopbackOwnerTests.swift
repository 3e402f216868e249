import CShims
import Glibc
import TestSupport
import Testing

/// Who is at the other end of a TCP connection on the loopback address.
@Suite struct LoopbackOwnerTests {
    static let isRoot = geteuid() == 0
    /// Whether the client speaks IPv4, IPv6, or IPv4 through an IPv6 socket.
    enum Family: CaseIterable { case four, six, mapped }
    static let sources = [TOKEND_OWNER_ANY, TOKEND_OWNER_NETLINK, TOKEND_OWNER_PROC].map(\.rawValue)

    /// A listener, a client that is connected to it, and the accepted end.
    final class Scene {
        let listener: Int32
        var client: Int32 = -1
        var accepted: Int32 = -1

        init(_ family: Family) throws {
            listener = tokend_loopback_listen(family == .six ? 1 : 0, 0)
            try #require(listener >= 0)
            client = connected(family)
            try #require(client >= 0)
            var poll = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
            _ = Glibc.poll(&poll, 1, 5000)
            accepted = tokend_accept(listener)
            try #require(accepted >= 0)
        }

        deinit { for descriptor in [listener, client, accepted] where descriptor >= 0 { close(descriptor) } }

        private func connected(_ family: Family) -> Int32 {
            let port = in_port_t(tokend_loopback_port(listener)).bigEndian
            let fd = socket(family == .four ? AF_INET : AF_INET6, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            let isConnected: Bool
            if family == .four {
                var address = sockaddr_in()
                (address.sin_family, address.sin_port, address.sin_addr.s_addr) = (sa_family_t(AF_INET), port, in_addr_t(0x7F00_0001).bigEndian)
                isConnected = withBytes(of: &address) { connect(fd, $0, $1) == 0 }
            } else {
                var address = sockaddr_in6()
                (address.sin6_family, address.sin6_port) = (sa_family_t(AF_INET6), port)
                inet_pton(AF_INET6, family == .six ? "::1" : "::ffff:127.0.0.1", &address.sin6_addr)
                isConnected = withBytes(of: &address) { connect(fd, $0, $1) == 0 }
            }
            return isConnected ? fd : -1
        }

        private func withBytes<A, R>(of address: inout A, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<A>.size)) }
            }
        }

        /// The uid, or the negative error number.
        func owner(_ source: UInt32) -> Int64 {
            var uid: UInt32 = .max
            let result = tokend_loopback_owner(accepted, tokend_owner_source(source), &uid)
            return result == 0 ? Int64(uid) : Int64(result)
        }
    }

    @Test(arguments: Family.allCases, sources)
    func `the other end is known by the uid of the process that holds it`(_ family: Family, _ source: UInt32) throws {
        let scene = try Scene(family)
        #expect(scene.owner(source) == Int64(geteuid()))
    }

    @Test(.enabled(if: isRoot, "only root can become another user"), arguments: Family.allCases, sources)
    func `a socket of another user is that user's`(_ family: Family, _ source: UInt32) throws {
        let scene = try Scene(family)
        // as if another user had made it; to become one would be for all threads of this process
        try #require(fchown(scene.client, 54_321, 54_321) == 0)
        #expect(scene.owner(source) == 54_321)
    }

    @Test(arguments: Family.allCases, sources)
    func `an end that nobody holds any more is nobody's, and never root's`(_ family: Family, _ source: UInt32) throws {
        let scene = try Scene(family)
        close(scene.client)
        scene.client = -1
        #expect(scene.owner(source) == Int64(-ENOENT))
    }

    @Test(arguments: Family.allCases, sources)
    func `an end that has said all it had to say is still its user's`(_ family: Family, _ source: UInt32) throws {
        let scene = try Scene(family)
        shutdown(scene.client, Int32(SHUT_WR))
        #expect(scene.owner(source) == Int64(geteuid()))
    }

    @Test(arguments: sources)
    func `a connection that was reset is nobody's`(_ source: UInt32) throws {
        let scene = try Scene(.four)
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(scene.client, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close(scene.client)
        scene.client = -1
        #expect(scene.owner(source) == Int64(-ENOENT))
    }
}
