import CShims
import Glibc
import TestSupport
import Testing

/// The owner of the other end of a TCP connection on the loopback address.
@Suite struct LoopbackOwnerTests {
    static let isRoot = geteuid() == 0
    /// Whether the client uses IPv4, IPv6, or IPv4 through an IPv6 socket.
    enum Family: CaseIterable { case four, six, mapped }
    static let sources = [TOKEND_OWNER_ANY, TOKEND_OWNER_NETLINK, TOKEND_OWNER_PROC].map(\.rawValue)

    /// A listener, a connected client, and the accepted end.
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

        /// The uid, or the negative errno.
        func owner(_ source: UInt32) -> Int64 {
            var uid: UInt32 = .max
            let result = tokend_loopback_owner(accepted, tokend_owner_source(source), &uid)
            return result == 0 ? Int64(uid) : Int64(result)
        }
    }

    @Test(arguments: Family.allCases, sources)
    func `the owner is the uid of the process that has the other end open`(_ family: Family, _ source: UInt32) throws {
        let scene = try Scene(family)
        #expect(scene.owner(source) == Int64(geteuid()))
    }

    @Test(.enabled(if: isRoot, "only root can become another user"), arguments: Family.allCases, sources)
    func `the socket of another user has the uid of that user`(_ family: Family, _ source: UInt32) throws {
        let scene = try Scene(family)
        // as if another user had created it; changing the uid would affect all threads of this process
        try #require(fchown(scene.client, 54_321, 54_321) == 0)
        #expect(scene.owner(source) == 54_321)
    }

    @Test(arguments: Family.allCases, sources)
    func `a socket that no process has open has no owner, and never root`(_ family: Family, _ source: UInt32) throws {
        let scene = try Scene(family)
        close(scene.client)
        scene.client = -1
        #expect(scene.owner(source) == Int64(-ENOENT))
    }

    @Test(arguments: Family.allCases, sources)
    func `a half-closed socket still has its owner`(_ family: Family, _ source: UInt32) throws {
        let scene = try Scene(family)
        shutdown(scene.client, Int32(SHUT_WR))
        #expect(scene.owner(source) == Int64(geteuid()))
    }

    /// As in a service whose `RestrictAddressFamilies=` lacks AF_NETLINK: socket(2) fails for this thread from now on.
    private static func denyNetlink() throws {
        #if arch(x86_64)
        let socketCall: UInt32 = 41
        #else
        let socketCall: UInt32 = 198
        #endif
        // struct sock_filter: load the number of the call; permit other calls; load the first argument; reject AF_NETLINK; permit the rest
        let filter: [(code: UInt16, ifTrue: UInt8, ifFalse: UInt8, value: UInt32)] = [
            (0x20, 0, 0, 0), (0x15, 0, 3, socketCall), (0x20, 0, 0, 16), (0x15, 0, 1, 16), (0x06, 0, 0, 0x0005_0000 | UInt32(EAFNOSUPPORT)),
            (0x06, 0, 0, 0x7FFF_0000),
        ]
        typealias Prctl = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
        let prctl = unsafeBitCast(try #require(dlsym(nil, "prctl")), to: Prctl.self)
        try #require(prctl(38, 1, 0, 0, 0) == 0)  // PR_SET_NO_NEW_PRIVS
        let result = filter.withUnsafeBufferPointer { rules in
            let program = (count: UInt(rules.count), rules: rules.baseAddress)
            return withUnsafePointer(to: program) { prctl(22, 2, UInt(bitPattern: $0), 0, 0) }  // PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        }
        try #require(result == 0)
    }

    @Test func `procfs is read if netlink is not available`() async {
        await #expect(processExitsWith: .success) {
            try Self.denyNetlink()
            for family in Family.allCases {
                let scene = try Scene(family)
                #expect(scene.owner(TOKEND_OWNER_NETLINK.rawValue) == Int64(-EOPNOTSUPP))
                #expect(scene.owner(TOKEND_OWNER_ANY.rawValue) == Int64(geteuid()))
            }
        }
    }

    @Test(arguments: sources)
    func `a connection that was reset has no owner`(_ source: UInt32) throws {
        let scene = try Scene(.four)
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(scene.client, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close(scene.client)
        scene.client = -1
        #expect(scene.owner(source) == Int64(-ENOENT))
    }
}
