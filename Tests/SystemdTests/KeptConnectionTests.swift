import Glibc
import TestSupport
import Testing

@testable import Systemd

@Suite struct KeptConnectionTests {
    @Test func `a connection has one name under every descriptor, and another has another`() throws {
        let (pair, other) = (try SocketPair(), try SocketPair())
        let copy = dup(pair.a)
        defer { close(copy) }
        let name = try #require(KeptConnection.name(of: pair.a))
        #expect(copy != pair.a && KeptConnection.name(of: copy) == name)
        #expect(Set([pair.a, pair.b, other.a, other.b].compactMap(KeptConnection.name(of:))).count == 4)
        #expect(KeptConnection.name(of: -1) == nil)
    }

    @Test func `that an answer has begun stays with the connection, and its peer cannot say so`() throws {
        let pair = try SocketPair()
        let copy = dup(pair.a)
        defer { close(copy) }
        #expect(!KeptConnection.isAnswered(pair.a))
        KeptConnection.noteAnswer(pair.b)
        #expect(!KeptConnection.isAnswered(pair.a))
        KeptConnection.noteAnswer(pair.a)
        #expect(KeptConnection.isAnswered(copy))
    }
}
