import Testing
import TokenWire
@testable import TokenLedger

@Suite struct WaitersTests {
    private static let alice = Share(.user(1000), .uid(1000))
    private static let bob = Share(.user(1001), .uid(1001))
    private static let one = key("one")
    private static let other = key("other")

    private static func key(_ name: String) -> CacheKey { CacheKey(token: TokenName("portal.\(name)")!, consumer: .shared, scopes: [], audience: nil) }

    private static func waiter(
        _ id: UInt64, _ key: CacheKey = one, of share: Share = alice, until deadline: Int64 = 100, _ patience: Waiter.Patience = .outcome
    )
        -> Waiter
    {
        Waiter(id: id, key: key, share: share, deadline: deadline, promise: .usual, fit: Fit(), patience: patience)
    }

    private static func waiting(_ ids: UInt64..., for key: CacheKey = one) -> Waiters {
        var waiters = Waiters()
        for id in ids { waiters.add(waiter(id, key)) }
        return waiters
    }

    @Test func `who waits for a token is taken in the order in which it came, and waits no longer`() {
        var waiters = Self.waiting(3, 1, 2)
        waiters.add(Self.waiter(4, Self.other))
        let taken = waiters.take(for: Self.one)
        #expect(taken.map(\.id) == [1, 2, 3])
        #expect(waiters.isEmpty(for: Self.one) && !waiters.isEmpty(for: Self.other) && waiters.count == 1)
        let others = waiters.take(for: Self.one)
        #expect(others.isEmpty)
        #expect(waiters.check().isEmpty)
    }

    @Test func `only those who are meant are taken`() {
        var waiters = Self.waiting(1, 2)
        waiters.add(Self.waiter(3, Self.one, .ready))
        let taken = waiters.take(for: Self.one) { !$0.patience.isLasting }
        #expect(taken.map(\.id) == [1, 2])
        #expect(waiters.all(for: Self.one).map(\.id) == [3])
        #expect(waiters.check().isEmpty)
    }

    @Test func `nothing is left of a request that is removed`() {
        var waiters = Waiters()
        let (isIn, _) = waiters.claimPlace(for: 1, of: Self.alice)
        #expect(isIn)
        waiters.add(Self.waiter(1))
        #expect(waiters.placeCount == 1 && waiters.nextDeadline == 100)
        let (removed, again) = (waiters.remove(1), waiters.remove(1))
        #expect(removed?.id == 1 && again == nil)
        #expect(waiters.count == 0 && waiters.placeCount == 0 && waiters.nextDeadline == nil)
        #expect(waiters.keys.isEmpty && waiters.check().isEmpty)
    }

    @Test func `a place that was claimed and not used is free again`() {
        var waiters = Waiters()
        _ = waiters.claimPlace(for: 1, of: Self.alice)
        #expect(waiters.check().count == 1, "the check tells of a place without a request")
        waiters.remove(1)
        #expect(waiters.placeCount == 0 && waiters.check().isEmpty)
    }

    @Test func `whoever has most requests waiting loses the newest of them, and gets no more places`() {
        var waiters = Waiters(FairPool.Bounds(capacity: 4))
        for id in 1...3 as ClosedRange<UInt64> {
            _ = waiters.claimPlace(for: id, of: Self.alice)
            waiters.add(Self.waiter(id))
        }
        let (isIn, gaveWay) = waiters.claimPlace(for: 9, of: Self.bob)
        #expect(isIn)
        waiters.add(Self.waiter(9, of: Self.bob))
        #expect(gaveWay.allSatisfy { $0.share == Self.alice } && gaveWay.map(\.id) == (gaveWay.isEmpty ? [] : [3]))
        while waiters.claimPlace(for: 10, of: Self.alice).isIn { waiters.add(Self.waiter(10)) }
        #expect(waiters[9] != nil && waiters.count <= 4)
        #expect(waiters.check().isEmpty)
    }

    @Test func `those whose deadline has come are told once, the earliest first, and one that is postponed again`() {
        var waiters = Waiters()
        for (id, deadline) in [(1, 30), (2, 10), (3, 20), (4, 99)] as [(UInt64, Int64)] { waiters.add(Self.waiter(id, until: deadline)) }
        #expect(waiters.nextDeadline == 10)
        let (first, second) = (waiters.due(at: 30, atMost: 2), waiters.due(at: 30, atMost: 2))
        #expect(first.map(\.id) == [2, 3] && second.map(\.id) == [1])
        waiters.postpone(1, to: 40)
        for id in [2, 3] as [UInt64] { waiters.remove(id) }
        #expect(waiters.check().isEmpty && waiters[1]?.deadline == 40)
        let postponed = waiters.due(at: 40, atMost: 9)
        #expect(postponed.map(\.id) == [1])
        waiters.remove(1)
        waiters.postpone(1, to: 50)
        #expect(waiters.nextDeadline == 99 && waiters.check().isEmpty)
    }

    @Test func `all are taken at the end, and none is left`() {
        var waiters = Self.waiting(1, 2)
        _ = waiters.claimPlace(for: 3, of: Self.bob)
        waiters.add(Self.waiter(3, Self.other))
        let all = waiters.takeAll()
        #expect(Set(all.map(\.id)) == [1, 2, 3])
        #expect(waiters.count == 0 && waiters.placeCount == 0 && waiters.nextDeadline == nil && waiters.check().isEmpty)
    }
}

@Suite struct WatchersTests {
    private let key = CacheKey(token: TokenName("portal.one")!, consumer: .shared, scopes: [], audience: nil)

    @Test func `watchers of a token are told in the order in which they came, until they go`() {
        var watchers = Watchers()
        for id in [2, 5, 7] as [UInt64] { watchers.add(Watcher(id: id, fit: Fit()), of: key) }
        watchers.remove(5, of: key)
        #expect(watchers.all(of: key).map(\.id) == [2, 7] && !watchers.isEmpty(of: key))
        for id in [2, 7] as [UInt64] { watchers.remove(id, of: key) }
        #expect(watchers.isEmpty(of: key) && watchers.keys.isEmpty)
    }
}
