import CShims
import Glibc
import Systemd
import TestSupport
import Testing

@Suite struct PeerTests {
    static let isRoot = geteuid() == 0

    @Test(arguments: IdentificationMethod.allCases)
    func `a peer is identified by its uid, gid and PID`(_ method: IdentificationMethod) throws {
        let connection = try Connection.accepted()
        let peer = try #require(identifyPeer(of: connection.fd, method: method))
        #expect(peer.uid == geteuid())
        #expect(peer.gid == getegid())
        #expect(peer.pid == connection.peer.pid)
        #expect(peerName(of: connection.fd) == "nc")
        #expect(peer.unit != .failed)
    }

    @Test(.enabled(if: isRoot, "only root can become another user"), arguments: [[4, 24, 7777], Array(7000..<7300), []])
    func `only the requested supplementary groups of another user are reported`(_ groups: [UInt32]) throws {
        let names = groups.map(String.init).joined(separator: ",")
        let option = groups.isEmpty ? "--clear-groups" : "--groups=\(names)"
        let connection = try Connection.accepted(through: ["setpriv", "--reuid=65534", "--regid=65533", option])
        let peer = try #require(identifyPeer(of: connection.fd, among: (groups + [1, 60_000]).sorted()))
        #expect(peer.uid == 65_534)
        #expect(peer.gid == 65_533)
        #expect(peer.groups == groups)
        #expect(peerGroups(of: connection.fd, among: [24, 7200]) == groups.filter { [24, 7200].contains($0) })
        #expect(peerGroups(of: connection.fd, among: []) == [])
    }

    @Test(arguments: IdentificationMethod.allCases)
    func `a peer that exited has its uid and no unit`(_ method: IdentificationMethod) throws {
        let connection = try Connection()
        connection.peer.end()
        try connection.accept()
        let peer = try #require(identifyPeer(of: connection.fd, method: method))
        #expect(peer.uid == geteuid())
        #expect(peer.pid == connection.peer.pid)
        #expect(peer.unit == .failed)
    }

    @Test(arguments: IdentificationMethod.allCases)
    func `a zombie has no unit either`(_ method: IdentificationMethod) throws {
        let connection = try Connection.accepted()
        connection.peer.endUncollected()
        #expect(identifyPeer(of: connection.fd, method: method)?.unit == .failed)
    }

    @Test func `LOG-02 a peer that exited has no name, even if its PID was reused`() throws {
        let connection = try Connection.accepted()
        connection.peer.endUncollected()
        #expect(peerName(of: connection.fd) == "")
        connection.peer.end()
        #expect(peerName(of: connection.fd) == "")
    }

    @Test func `a process that exits while it is pinned is detected`() throws {
        let child = try ChildProcess("sh", "-c", "read forever < /dev/zero")
        let pidfd = tokend_pidfd_open(child.pid)
        try #require(pidfd >= 0)
        defer { close(pidfd) }
        child.end()
        #expect(tokend_pidfd_alive(pidfd) == 0)
    }

    @Test func `a connection from the backlog has no unit on an older kernel`() throws {
        let connection = try Connection.accepted()
        #expect(identifyPeer(of: connection.fd, method: .pidfdOpen, fromBacklog: true)?.unit == .missed)
    }

    @Test func `a running peer is not reported as exited if no descriptor is left`() async {
        await #expect(processExitsWith: .success) {
            let connection = try Connection.accepted()
            defer { connection.peer.end() }
            let free = dup(connection.fd)
            close(free)
            for method in IdentificationMethod.allCases {
                // first none for the pidfd, then none for the file in /proc, then enough
                for (more, isExhausted) in [(Int32(0), true), (1, true), (2, false)] {
                    try limitDescriptors(to: free + more)
                    let peer = try #require(identifyPeer(of: connection.fd, method: method))
                    #expect((peer.unit == .exhausted) == isExhausted)
                    #expect(peer.unit != .failed)
                }
            }
        }
    }

    @Test func `a descriptor that is not a connected Unix socket has no peer`() throws {
        #expect(identifyPeer(of: -1) == nil)
        var pipes: [Int32] = [-1, -1]
        try #require(pipe(&pipes) == 0)
        defer { for end in pipes { close(end) } }
        #expect(identifyPeer(of: pipes[0]) == nil)
        let tcp = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(tcp) }
        #expect(identifyPeer(of: tcp) == nil)
    }

    @Test func `a socketpair identifies our own process`() throws {
        let pair = try SocketPair()
        let peer = try #require(identifyPeer(of: pair.a))
        #expect(peer.pid == getpid())
        #expect(peer.uid == geteuid())
    }

    @Test func `many identifications leak no descriptor`() throws {
        let connection = try Connection.accepted()
        let before = dup(connection.fd)
        close(before)
        for method in IdentificationMethod.allCases {
            for _ in 0..<2_000 { _ = identifyPeer(of: connection.fd, method: method) }
        }
        let after = dup(connection.fd)
        close(after)
        // other tests open some at the same time, but not thousands
        #expect(after < before + 500)
    }
}
