import TestSupport
import Testing
@testable import TokenLedger

@Suite struct RunQueueTests {
    static let alice = Share(.user(1000), .uid(1000))
    static let bob = Share(.user(1001), .uid(1001))
    static func member(_ uid: UInt32) -> Share { Share(.group(20), .uid(uid)) }

    private static func order(_ items: [(String, Share)]) -> [String] {
        var queue = RunQueue<String>()
        for (item, share) in items { queue.append(item, for: share) }
        var order: [String] = []
        while let item = queue.next() { order.append(item) }
        #expect(queue.isEmpty)
        return order
    }

    @Test func `many connections of one user get no more turns than one of another`() {
        #expect(Self.order([("a1", Self.alice), ("a2", Self.alice), ("a3", Self.alice), ("b1", Self.bob)]) == ["a1", "b1", "a2", "a3"])
    }

    @Test func `many uids of one group get no more turns than one user, and take turns among themselves`() {
        let items = [("m1", Self.member(1)), ("m1 too", Self.member(1)), ("m2", Self.member(2)), ("m3", Self.member(3)), ("b1", Self.bob), ("b2", Self.bob)]
        #expect(Self.order(items) == ["m1", "b1", "m2", "b2", "m3", "m1 too"])
    }

    @Test func `whoever comes back stands behind those who waited`() {
        var queue = RunQueue<String>()
        for item in ["a1", "a2"] { queue.append(item, for: Self.alice) }
        #expect(queue.next() == "a1")
        queue.append("b1", for: Self.bob)
        queue.append("a1", for: Self.alice)
        #expect([queue.next(), queue.next(), queue.next(), queue.next()] == ["a2", "b1", "a1", nil])
    }

    @Test func `nothing is lost, and each caller's own come in their order`() {
        var random = SeededRandom(3)
        var queue = RunQueue<(Share, Int)>()
        var (sent, received): ([Share: Int], [Share: Int]) = ([:], [:])
        let shares = [Self.alice, Self.bob] + (1...5).map { Self.member($0) }
        for _ in 0..<5_000 {
            if Bool.random(using: &random), let share = shares.randomElement(using: &random) {
                queue.append((share, sent[share, default: 0]), for: share)
                sent[share, default: 0] += 1
            } else if let (share, number) = queue.next() {
                #expect(number == received[share, default: 0])
                received[share, default: 0] += 1
            }
        }
        while let (share, _) = queue.next() { received[share, default: 0] += 1 }
        #expect(sent == received && queue.isEmpty)
    }
}
