import Glibc
import TestSupport
import Testing

@testable import Systemd

@Suite struct FDStoreConnectionTests {
    @Test func `a connection has the same name under every descriptor, and two connections have different names`() throws {
        let (pair, other) = (try SocketPair(), try SocketPair())
        let copy = dup(pair.a)
        defer { close(copy) }
        let name = try #require(FDStoreConnection.name(of: pair.a))
        #expect(copy != pair.a && FDStoreConnection.name(of: copy) == name)
        #expect(Set([pair.a, pair.b, other.a, other.b].compactMap(FDStoreConnection.name(of:))).count == 4)
        #expect(FDStoreConnection.name(of: -1) == nil)
    }

    @Test func `the mark of a started reply stays with the connection, and the peer cannot set it`() throws {
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
