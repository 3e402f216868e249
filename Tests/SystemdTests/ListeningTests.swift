import FoundationEssentials
import Glibc
import Systemd
import TestSupport
import Testing

@Suite struct ListeningTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path("tokend.sock") }

    init() throws { folder = try TemporaryFolder() }

    private func mode(of path: String) -> UInt32 {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    @Test(arguments: [0o666, 0o600, 0o660] as [UInt32])
    func `the socket has the requested mode`(_ wanted: UInt32) throws {
        let fd = try listen(at: path, mode: wanted)
        defer { close(fd) }
        #expect(mode(of: path) == wanted)
        #expect(fcntl(fd, F_GETFL) & O_NONBLOCK != 0)
        #expect(fcntl(fd, F_GETFD) & FD_CLOEXEC != 0)
        #expect(acceptConnection(fd) == .wouldBlock)
    }

    /// A user who could replace the socket by a link would choose which file root makes writable for everybody.
    @Test(.enabled(if: geteuid() == 0)) func `root does not listen at a path that another user could replace`() throws {
        let below = folder.path("below")
        let place = below + "/tokend.sock"
        try #require(mkdir(below, 0o755) == 0)
        close(try listen(at: place, mode: 0o666))
        for (mode, owner, reason) in [
            (0o755, 1, "\"\(below)\" belongs to uid 1,"), (0o775, 0, "\"\(below)\" has mode 0775:"), (0o757, 0, "\"\(below)\" has mode 0757:"),
        ] as [(mode_t, uid_t, String)] {
            try #require(chmod(below, mode) == 0 && chown(below, owner, 0) == 0)
            let error = #expect(throws: SystemError.self) { try listen(at: place, mode: 0o666) }
            #expect(error?.description.hasPrefix("cannot listen at '\(place)': \(reason)") == true)
        }
        // others may create files there, but not remove those of root (unlink(2), EPERM)
        try #require(chown(below, 0, 0) == 0 && chmod(below, 0o1777) == 0)
        close(try listen(at: place, mode: 0o666))
        try #require(chmod(below, 0o755) == 0 && symlink(below, folder.path("link")) == 0)
        for path in [folder.path("link/tokend.sock"), folder.path("link/./tokend.sock"), folder.path("below/../link//tokend.sock")] {
            let error = #expect(throws: SystemError.self) { try listen(at: path, mode: 0o666) }
            #expect(error?.description.contains("link\" is a link; name the folder that it leads to") == true)
        }
        #expect(throws: SystemError.self) { try listen(at: folder.path("no/tokend.sock"), mode: 0o666) }
        #expect(throws: SystemError.self) { try listen(at: place + "/tokend.sock", mode: 0o666) }
    }

    @Test func `the socket of a dead process is replaced`() throws {
        close(try listen(at: path, mode: 0o600))
        let fd = try listen(at: path, mode: 0o666)
        defer { close(fd) }
        #expect(mode(of: path) == 0o666)
    }

    @Test func `a socket with a listening process is not replaced`() throws {
        let first = try listen(at: path, mode: 0o666)
        defer { close(first) }
        let error = #expect(throws: SystemError.self) { try listen(at: path, mode: 0o666) }
        #expect(error?.description == "another process listens at '\(path)': address already in use")
        #expect(isReadable(first))
    }

    @Test func `a socket with a full backlog is not replaced`() throws {
        let first = try listen(at: path, mode: 0o666, backlog: 0)
        defer { close(first) }
        for _ in 0..<3 { #expect(throws: SystemError.self) { try listen(at: path, mode: 0o666) } }
        #expect(access(path, F_OK) == 0)
    }

    @Test func `a file that is not a socket is never replaced`() throws {
        try Data("precious".utf8).write(to: URL(filePath: path))
        let error = #expect(throws: SystemError.self) { try listen(at: path, mode: 0o666) }
        #expect(error?.description.contains("is not a socket; move it away") == true)
        #expect(try Data(contentsOf: URL(filePath: path)) == Data("precious".utf8))
    }

    @Test func `a symbolic link to a socket is not followed`() throws {
        close(try listen(at: folder.path("target"), mode: 0o600))
        try #require(symlink(folder.path("target"), path) == 0)
        #expect(throws: SystemError.self) { try listen(at: path, mode: 0o666) }
        #expect(access(folder.path("target"), F_OK) == 0)
    }

    @Test func `a missing folder is reported with its path`() throws {
        let path = folder.path("no/tokend.sock")
        let error = #expect(throws: SystemError.self) { try listen(at: path, mode: 0o666) }
        #expect(error?.description == "cannot listen at '\(path)': no such file or directory")
    }

    @Test func `a path that is too long for the kernel is rejected`() throws {
        let path = folder.path(String(repeating: "n", count: 108))
        let error = #expect(throws: SystemError.self) { try listen(at: path, mode: 0o666) }
        #expect(error?.errno == ENAMETOOLONG)
    }

    @Test func `an accepted connection is non-blocking and close-on-exec`() throws {
        let connection = try Connection.accepted()
        #expect(fcntl(connection.fd, F_GETFL) & O_NONBLOCK != 0)
        #expect(fcntl(connection.fd, F_GETFD) & FD_CLOEXEC != 0)
        #expect(receive(from: connection.fd) == nil)
    }

    @Test func `a connection stays in the backlog while no descriptor is free`() async {
        await #expect(processExitsWith: .success) {
            let connection = try Connection()
            try limitDescriptors(to: 0)
            #expect(acceptConnection(connection.listener) == .exhausted(EMFILE))
            try limitDescriptors(to: 4096)
            try connection.accept()
        }
    }

    @Test func `inherited sockets are found by name, and other descriptors are ignored`() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let listener = try listen(at: folder.path("s"), mode: 0o600)
            let admin = try listen(at: folder.path("a"), mode: 0o600)
            let pair = try SocketPair()
            // descriptors of systemd start at 3; those that are open in this process are moved away first
            for (number, fd) in [(Int32(103), listener), (104, pair.a), (105, admin)] { dup2(fd, number) }
            for number in Int32(3)...5 { dup2(number + 100, number) }
            setenv("LISTEN_PID", "\(getpid())", 1)
            setenv("LISTEN_FDS", "3", 1)
            setenv("LISTEN_FDNAMES", "tokend.socket:state:admin", 1)
            let sockets = inheritedSockets()
            precondition(sockets.map(\.fd) == [3, 5])
            precondition(sockets.map(\.name) == ["tokend.socket", "admin"])
            precondition(inheritedSockets() == sockets)
            precondition(acceptConnection(3) == .wouldBlock)
        }
    }

    @Test func `no socket is inherited without systemd`() { #expect(inheritedSockets().isEmpty) }
}
