import Testing
import TokenWire
@testable import TokenLedger

@Suite struct ServerQueueTests {
    static let alice = Share(.user(1000), .uid(1000))
    static let bob = Share(.user(1001), .uid(1001))

    static func key(_ name: String) -> CacheKey { CacheKey(token: TokenName("portal.\(name)")!, consumer: .shared, scopes: [], audience: nil) }

    /// The order in which all that waits is begun.
    private static func drain(_ queue: inout ServerQueue) -> [String] {
        var order: [String] = []
        while let key = queue.next(at: 0) { order.append(String(key.token.description.dropFirst("portal.".count))) }
        #expect(!queue.hasWaiting)
        return order
    }

    @Test func `callers and renewals take turns`() {
        var queue = ServerQueue()
        for number in 1...3 { queue.enqueue(Self.key("c\(number)"), for: Self.alice) }
        for number in 1...3 { queue.enqueue(Self.key("r\(number)"), renewalFor: Self.alice, before: Int64(10 - number)) }
        #expect(Self.drain(&queue) == ["c1", "r3", "c2", "r2", "c3", "r1"])
    }

    @Test func `a renewal gets its turn though callers keep coming, and a caller though renewals do`() {
        var queue = ServerQueue()
        queue.enqueue(Self.key("renewal"), renewalFor: Self.bob, before: 0)
        var begun: [String] = []
        for number in 1...3 {
            queue.enqueue(Self.key("c\(number)"), for: Self.alice)
            if let key = queue.next(at: 0) { begun.append(key.token.description) }
        }
        #expect(begun.prefix(2).contains("portal.renewal"))
        queue = ServerQueue()
        queue.enqueue(Self.key("caller"), for: Self.bob)
        begun = []
        for number in 1...3 {
            queue.enqueue(Self.key("r\(number)"), renewalFor: Self.alice, before: Int64(-number))
            if let key = queue.next(at: 0) { begun.append(key.token.description) }
        }
        #expect(begun.prefix(2).contains("portal.caller"))
    }

    @Test func `what a sign-in dies without goes first, by its end, and leaves every second turn to the others`() {
        var queue = ServerQueue()
        for number in 1...2 { queue.enqueue(Self.key("c\(number)"), for: Self.alice) }
        for number in 1...2 { queue.enqueue(Self.key("r\(number)"), renewalFor: Self.alice, before: 0) }
        for number in 1...3 { queue.enqueue(Self.key("e\(number)"), savingSignInBefore: Int64(10 - number)) }
        #expect(Self.drain(&queue) == ["e3", "c1", "e2", "r1", "e1", "c2", "r2"])
        for number in 1...3 { queue.enqueue(Self.key("e\(number)"), savingSignInBefore: Int64(number)) }
        #expect(Self.drain(&queue) == ["e1", "e2", "e3"], "with nobody else there they go one after the other")
    }

    @Test func `a caller and a renewal of one result are one exchange, begun at the earlier of their turns`() {
        var queue = ServerQueue()
        for number in 1...5 { queue.enqueue(Self.key("r\(number)"), renewalFor: Self.alice, before: Int64(number)) }
        queue.enqueue(Self.key("r5"), for: Self.bob)
        #expect(Self.drain(&queue) == ["r5", "r1", "r2", "r3", "r4"])
        for number in 1...5 { queue.enqueue(Self.key("c\(number)"), for: Self.alice) }
        queue.enqueue(Self.key("c5"), renewalFor: Self.alice, before: 0)
        #expect(Self.drain(&queue) == ["c1", "c5", "c2", "c3", "c4"], "callers have the first turn")
        for number in 1...5 { queue.enqueue(Self.key("c\(number)"), for: Self.alice) }
        queue.enqueue(Self.key("c5"), savingSignInBefore: 0)
        #expect(Self.drain(&queue) == ["c5", "c1", "c2", "c3", "c4"])
    }

    @Test func `of two ends of one refresh token the earlier counts`() {
        var queue = ServerQueue()
        queue.enqueue(Self.key("a"), savingSignInBefore: 5)
        queue.enqueue(Self.key("b"), savingSignInBefore: 9)
        queue.enqueue(Self.key("b"), savingSignInBefore: 1)
        queue.enqueue(Self.key("a"), savingSignInBefore: 7)
        #expect(Self.drain(&queue) == ["b", "a"])
    }

    @Test func `no more are begun than may be with the server, and one where it has failed`() {
        var queue = ServerQueue()
        for number in 1...20 { queue.enqueue(Self.key("c\(number)"), for: Self.alice) }
        var begun: UInt64 = 0
        while queue.next(at: 0) != nil {
            begun += 1
            queue.begin(begun)
        }
        #expect(begun == 8 && queue.inFlight == 8 && queue.latest == 8)
        queue.end()
        queue.cool(client: "portal") { $0.backoff.failed(0, at: 0, retryAfter: 10, random: 0) }
        #expect(queue.next(at: 0) == nil, "one client was told to wait: the others go on one at a time")
        while queue.inFlight > 0 { queue.end() }
        #expect(queue.next(at: 0) != nil)
        #expect(queue.coolings(of: "portal").map(\.backoff.failures) == [0, 1] && queue.coolings(of: "other").map(\.backoff.failures) == [0])
        queue.heal(client: "portal")
        #expect(queue.coolings(of: "portal").map(\.backoff.failures) == [0])
    }

    @Test func `what is taken out waits in none of the lines`() {
        var queue = ServerQueue()
        for number in 1...4 {
            queue.enqueue(Self.key("k\(number)"), for: Self.alice)
            queue.enqueue(Self.key("k\(number)"), renewalFor: Self.bob, before: Int64(number))
            queue.enqueue(Self.key("k\(number)"), savingSignInBefore: Int64(number))
        }
        #expect(queue.take { $0 != Self.key("k2") } == [1, 3, 4].map { Self.key("k\($0)") })
        #expect(queue.contains(Self.key("k2")) && !queue.contains(Self.key("k1")))
        queue.remove(Self.key("k2"))
        #expect(Self.drain(&queue) == [])
    }
}
