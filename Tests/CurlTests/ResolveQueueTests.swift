@testable import Curl
import Testing

@Suite(.timeLimit(.minutes(3))) struct `Turns for name lookups` {
    private static let second: Int64 = 1_000_000_000

    @Test func `two lookups of a group run at once, and the next one starts when one ends`() {
        var queue = ResolveQueue()
        for id: UInt64 in 1...4 { queue.join(id, group: "a") }
        #expect(queue.admit(now: 0) == [1, 2])
        #expect(queue.admit(now: 0) == [])
        queue.leave(2)
        #expect(queue.admit(now: 0) == [3])
        queue.leave(1)
        queue.leave(3)
        #expect(queue.admit(now: 0) == [4])
    }

    @Test func `a group that waits does not delay other groups`() {
        var queue = ResolveQueue()
        for id: UInt64 in 1...3 { queue.join(id, group: "a") }
        queue.join(4, group: "b")
        #expect(queue.admit(now: 0) == [1, 2, 4])
    }

    @Test func `at most 32 lookups run at once, and the others start in order`() {
        var queue = ResolveQueue()
        for id: UInt64 in 1...50 { queue.join(id, group: "\(id)") }
        #expect(queue.admit(now: 0) == Array(1...32))
        for id: UInt64 in [5, 1] { queue.leave(id) }
        #expect(queue.admit(now: 0) == [33, 34])
    }

    @Test func `NET-12 seventeen groups whose names hang leave slots to other groups`() {
        var queue = ResolveQueue()
        for id: UInt64 in 1...32 { queue.join(id, group: "dead-\(id / 2)") }
        #expect(queue.admit(now: 0).count == 24)
        queue.join(33, group: "alive")
        #expect(queue.admit(now: 0) == [33])
    }

    @Test(arguments: [
        ("https://192.0.2.7/token", nil, true), ("https://192.0.2.7:8443/token", nil, true), ("https://[2001:db8::1]/token", nil, true),
        ("https://id.test/token", nil, false), ("https://1.2.3.id.test/token", nil, false), ("https://192.0.2.7/token", "http://proxy:3128", false),
        ("https://id.test/token", "http://192.0.2.9:3128", true),
    ]) func `nothing is resolved for an IP address`(url: String, proxy: String?, connectsToIPAddress: Bool) {
        var transfer = Transfer(.get, url: url, group: "a")
        transfer.proxy = proxy
        #expect(transfer.connectsToIPAddress == connectsToIPAddress)
    }

    @Test func `a transfer that left the queue is not admitted`() {
        var queue = ResolveQueue()
        for id: UInt64 in 1...4 { queue.join(id, group: "a") }
        _ = queue.admit(now: 0)
        queue.leave(3)
        queue.abandon(4)
        queue.leave(1)
        #expect(queue.admit(now: 0) == [])
        #expect(Set(queue.resolving) == [2])
    }

    @Test func `an abandoned lookup keeps its slot until its thread has surely ended`() {
        var queue = ResolveQueue()
        for id: UInt64 in 1...3 { queue.join(id, group: "a") }
        _ = queue.admit(now: 5 * Self.second)
        #expect(queue.nextRelease == nil)
        queue.abandon(1)
        #expect(queue.nextRelease == 35 * Self.second)
        #expect(queue.admit(now: 34 * Self.second) == [])
        #expect(queue.admit(now: 35 * Self.second) == [3])
        #expect(queue.nextRelease == nil)
    }

    @Test func `abandoned lookups count in the total, too`() {
        var queue = ResolveQueue()
        for id: UInt64 in 1...33 { queue.join(id, group: "\(id)") }
        for id in queue.admit(now: 0) { queue.abandon(id) }
        #expect(queue.admit(now: 29 * Self.second) == [])
        #expect(queue.admit(now: 30 * Self.second) == [33])
    }

    @Test func `an unknown id has no effect`() {
        var queue = ResolveQueue()
        queue.leave(1)
        queue.abandon(2)
        queue.join(3, group: "a")
        #expect(queue.admit(now: 0) == [3])
    }
}
