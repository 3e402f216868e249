import Testing
@testable import TokenLedger

@Suite struct DeadlinesTests {
    @Test func `whatever is set, moved and removed, each key is due once, at its newest time, in order`() {
        var random = Jitter(seed: 42)
        for _ in 0..<50 {
            var deadlines = Deadlines<Int>()
            var model: [Int: Int64] = [:]
            for _ in 0..<400 {
                let key = Int(random.next() % 60)
                let at: Int64? = random.next() % 5 == 0 ? nil : Int64(random.next() % 1000)
                deadlines.set(key, at: at)
                model[key] = at
                #expect(deadlines.next == model.values.min())
            }
            for now in stride(from: Int64(0), through: 1000, by: 50) {
                let due = Set(deadlines.due(at: now))
                #expect(due == Set(model.filter { $0.value <= now }.keys))
                model = model.filter { $0.value > now }
                #expect(deadlines.next == model.values.min())
            }
        }
    }

    @Test func `a pause is drawn from 1 s up to its ceiling, which doubles to 5 min`() {
        var random = Jitter(seed: 7)
        for _ in 0..<200 {
            var backoff = Backoff()
            for failure in 1...14 {
                backoff.failed(backoff.failures == 0 ? 0 : 1, at: 0, retryAfter: nil, random: random.next())
                #expect(backoff.until >= .seconds(1))
                #expect(backoff.until <= min(.seconds(300), .seconds(1) << min(failure - 1, 20)))
                #expect(backoff.failures == failure)
            }
        }
    }

    @Test func `pauses of different daemons are not the same`() {
        let pauses = (1...30 as ClosedRange<UInt64>).map { seed in
            var random = Jitter(seed: seed)
            var backoff = Backoff()
            for _ in 0..<8 { backoff.failed(backoff.failures == 0 ? 0 : 1, at: 0, retryAfter: nil, random: random.next()) }
            return backoff.until
        }
        #expect(Set(pauses).count > 25)
    }

    @Test func `a budget gives five at once and then one an interval`() {
        var budget = Budget(at: 0)
        for _ in 0..<5 { #expect(budget.spend(at: 0, lifetime: 3600) == nil) }
        #expect(budget.spend(at: 0, lifetime: .seconds(3600)) == .seconds(360))
        #expect(budget.spend(at: .seconds(359), lifetime: .seconds(3600)) == .seconds(1))
        #expect(budget.spend(at: .seconds(360), lifetime: .seconds(3600)) == nil)
        #expect(budget.spend(at: .seconds(361), lifetime: .seconds(3600)) != nil)
        #expect(budget.spend(at: .seconds(100_000), lifetime: .seconds(3600)) == nil)
    }

    @Test(arguments: [1, 7, 256]) func `a part of what is due comes in order, and the rest stays due`(most: Int) {
        var deadlines = Deadlines<Int>()
        for key in 0..<1_000 { deadlines.set(key, at: Int64(key / 2)) }
        var all: [Int] = []
        while let next = deadlines.next, next <= 400 {
            let part = deadlines.due(at: 400, atMost: most)
            #expect((1...most).contains(part.count))
            all += part
        }
        #expect(all.count == 802 && all.map { $0 / 2 } == all.map { $0 / 2 }.sorted() && Set(all) == Set(0..<802))
    }
}
