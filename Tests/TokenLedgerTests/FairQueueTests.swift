import TestSupport
import Testing
@testable import TokenLedger

@Suite struct FairQueueTests {
    static let alice = Share(.user(1000), .uid(1000))
    static let bob = Share(.user(1001), .uid(1001))
    static func member(_ uid: UInt32) -> Share { Share(.group(20), .uid(uid)) }

    private static func drain(_ queue: inout FairQueue<String>) -> [String] {
        var order: [String] = []
        while let item = queue.next() { order.append(item) }
        #expect(queue.isEmpty)
        return order
    }

    private static func queue(_ items: [(String, Share, Int64)]) -> FairQueue<String> {
        var queue = FairQueue<String>()
        for (item, share, rank) in items { queue.insert(item, for: share, rank: rank) }
        return queue
    }

    @Test func `shares take turns, and of one share the lowest rank comes first`() {
        var queue = Self.queue([("a3", Self.alice, 3), ("a1", Self.alice, 1), ("a2", Self.alice, 2), ("b9", Self.bob, 9), ("b8", Self.bob, 8)])
        #expect(Self.drain(&queue) == ["a1", "b8", "a2", "b9", "a3"])
    }

    @Test func `an item comes at the first of its turns, and once`() {
        var queue = Self.queue([("a1", Self.alice, 1), ("a2", Self.alice, 2), ("both", Self.alice, 3), ("both", Self.bob, 4), ("b2", Self.bob, 5)])
        #expect(Self.drain(&queue) == ["a1", "both", "a2", "b2"])
    }

    @Test func `what has left takes no turn from others`() {
        var queue = Self.queue([("a1", Self.alice, 1), ("b1", Self.bob, 2), ("m1", Self.member(1), 3), ("m2", Self.member(2), 4)])
        queue.remove("a1")
        queue.remove("m1")
        #expect(Self.drain(&queue) == ["b1", "m2"])
        queue.insert("b2", for: Self.bob, rank: 5)
        queue.insert("a2", for: Self.alice, rank: 6)
        queue.remove("nobody")
        #expect(Self.drain(&queue) == ["b2", "a2"])
    }

    @Test func `whoever comes back after all of theirs has left stands in the rotation once`() {
        var queue = Self.queue([("a1", Self.alice, 1), ("b1", Self.bob, 2), ("b2", Self.bob, 3), ("b3", Self.bob, 4)])
        queue.remove("a1")
        for rank in 5..<9 as Range<Int64> { queue.insert("a\(rank)", for: Self.alice, rank: rank) }
        #expect(Self.drain(&queue) == ["a5", "b1", "a6", "b2", "a7", "b3", "a8"])
    }

    @Test func `an item waits for a bounded number of members of one group`() {
        var queue = FairQueue<String>()
        for uid in 0..<1_000 as Range<UInt32> { queue.insert("shared", for: Self.member(uid), rank: Int64(uid)) }
        queue.insert("late", for: Self.member(999), rank: 1_000)
        #expect(Self.drain(&queue) == ["shared", "late"])
        for uid in 0..<1_000 as Range<UInt32> { queue.insert("shared", for: Self.member(uid), rank: Int64(uid)) }
        queue.insert("mine", for: Self.member(0), rank: -1)
        queue.insert("shared", for: Self.bob, rank: 0)
        #expect(Self.drain(&queue) == ["mine", "shared"], "bob is in no group, and has a turn of his own")
    }

    @Test func `nothing is lost and nothing comes twice, whatever comes and goes`() {
        var random = SeededRandom(5)
        var queue = FairQueue<Int>()
        var waiting: Set<Int> = []
        let shares = [Self.alice, Self.bob] + (1...5).map { Self.member($0) }
        for _ in 0..<20_000 {
            let item = Int.random(in: 0..<50, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                guard let share = shares.randomElement(using: &random) else { continue }
                queue.insert(item, for: share, rank: Int64.random(in: 0..<100, using: &random))
                waiting.insert(item)
            case 2:
                queue.remove(item)
                waiting.remove(item)
            default:
                let next = queue.next()
                #expect((next == nil) == waiting.isEmpty)
                if let next { #expect(waiting.remove(next) != nil) }
            }
            #expect(queue.isEmpty == waiting.isEmpty)
        }
    }
}
