import Glibc
import TestSupport
import Testing

@testable import Systemd

@Suite struct FDStoreConnectionTests {
    @Test func `a connection has one name under every descriptor, and another has another`() throws {
        let (pair, other) = (try SocketPair(), try SocketPair())
        let copy = dup(pair.a)
        defer { close(copy) }
        let name = try #require(FDStoreConnection.name(of: pair.a))
        #expect(copy != pair.a && FDStoreConnection.name(of: copy) == name)
        #expect(Set([pair.a, pair.b, other.a, other.b].compactMap(FDStoreConnection.name(of:))).count == 4)
        #expect(FDStoreConnection.name(of: -1) == nil)
    }

    @Test func `that an answer has begun stays with the connection, and its peer cannot say so`() throws {
        let pair = try SocketPair()
        let copy = dup(pair.a)
        defer { close(copy) }
        #expect(!FDStoreConnection.hasReplyStarted(pair.a))
        FDStoreConnection.markReplyStarted(pair.b)
        #expect(!FDStoreConnection.hasReplyStarted(pair.a))
        FDStoreConnection.markReplyStarted(pair.a)
        #expect(FDStoreConnection.hasReplyStarted(copy))
    }
}
