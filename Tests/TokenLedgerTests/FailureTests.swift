import OAuth
import Secrets
import Testing
import TokenLedger
import TokenWire

@Suite struct FailureTests {
    @Test func `ERR-04 a failed exchange is not repeated before its pause is over`() throws {
        var scene = Scene()
        let (_, turn) = try scene.get()
        _ = scene.settle(turn.plans[0], .failure(Scene.busyServer))
        let (_, hasty) = try scene.get(Scene.query(wait: 0))
        #expect(hasty.plans.isEmpty)
        scene.pass(0.9)
        #expect(scene.due().plans.isEmpty)
    }

    @Test func `ERR-04 a caller is held through the pause only if the next try falls within its wait`() throws {
        var scene = Scene()
        let (_, turn) = try scene.get()
        let paused = ExchangeFailure(law: .answered(retryAfter: 20), reach: .server, status: 429, text: "the token endpoint answered 429")
        _ = scene.settle(turn.plans[0], .failure(paused))
        let (short, refused) = try scene.get(Scene.query(wait: 10))
        #expect(refused.refusal(short)?.code == .unavailable)
        #expect(refused.refusal(short)?.fields == [Field("retry-after", 20)])
        let (long, held) = try scene.get(Scene.query(wait: 30))
        #expect(held.answer(long) == nil)
        scene.pass(20.1)
        let retry = scene.due()
        #expect(retry.plans.count == 1)
        #expect(scene.settle(retry.plans[0], .success(Scene.tokens())).token(long) != nil)
    }

    @Test func `ERR-03 the server's Retry-After lengthens the pause and is bounded by an hour`() throws {
        var scene = Scene()
        let (_, turn) = try scene.get()
        let absurd = ExchangeFailure(law: .answered(retryAfter: 999_999), reach: .server, status: 503, text: "503")
        _ = scene.settle(turn.plans[0], .failure(absurd))
        let (waiter, refused) = try scene.get()
        #expect(refused.refusal(waiter)?.fields == [Field("retry-after", 3600)])
    }

    @Test func `ERR-04 pauses grow with full jitter from 1 s to at most 5 min`() {
        for seed in 1...50 as ClosedRange<UInt64> {
            var scene = Scene(seed: seed)
            var longest = 0.0
            for attempt in 1...14 {
                guard let (_, turn) = try? scene.get(Scene.query(wait: 600)), let plan = turn.plans.first ?? scene.due().plans.first else { break }
                _ = scene.settle(plan, .failure(Scene.garbled))
                let pause = Double((scene.ledger.nextDeadline ?? scene.now.boot) - scene.now.boot) / 1e9
                #expect(pause >= 0.99 || attempt == 0)
                longest = max(longest, pause)
                scene.pass(301)
                _ = scene.due()
            }
            #expect(longest <= 600)
        }
    }

    @Test func `ERR-04 answers that are of no use are asked for less and less often, and are no recovery`() throws {
        var scene = Scene()
        for attempt in 1...12 {
            let (_, turn) = try scene.get(Scene.query(wait: 600))
            let plan = try #require(turn.plans.first ?? scene.due().plans.first, "attempt \(attempt)")
            let settled = scene.settle(plan, .success(Scene.tokens(life: 0)))
            #expect(!settled.events.contains { if case .recovered = $0 { true } else { false } })
            #expect(scene.ledger.status(of: scene.key, at: scene.now).failures == attempt)
            scene.pass(301)
        }
    }

    @Test func `ERR-06 a fault that only an operator ends is not tried again`() throws {
        var scene = Scene()
        let (waiter, turn) = try scene.get()
        let settled = scene.settle(turn.plans[0], .failure(Scene.wrongSecret))
        #expect(settled.refusal(waiter) == Refusal(.refused, [Field("oauth-error", "invalid_client")], "the token endpoint said invalid_client"))
        scene.pass(100_000)
        #expect(scene.due().plans.isEmpty)
        let (next, again) = try scene.get()
        #expect(again.plans.isEmpty)
        #expect(again.refusal(next)?.code == .refused)
        #expect(scene.state() == .refused)
    }

    @Test func `RENEW ends the pause of its server, also where nothing is held`() throws {
        let cold = TokenName("portal.cold")!
        let configuration = Scene.configuration().with(cold, like: Scene.sync)
        var scene = Scene()
        _ = scene.ledger.adopt(configuration, at: scene.now)
        for pause in [0.0, 40, 40, 40] {
            scene.pass(pause)
            _ = scene.settle(try #require(scene.get().1.plans.first), .failure(Scene.unreachable))
        }
        scene.pass(1)
        let query = TokenQuery(name: "portal.cold", minValid: nil, wait: 0, scopes: [])
        #expect(try scene.get(query).1.plans.isEmpty)
        let (result, _) = scene.ledger.renew(cold, waiters: { 99 }, wait: 30, at: scene.now)
        guard case .success(let started) = result else { return _ = Issue.record("it was refused: \(result)") }
        #expect(started.isEmpty)
        #expect(try scene.get(query).1.plans.count == 1)
    }

    @Test func `ERR-06 RENEW ends the refusal`() throws {
        var scene = Scene()
        let (_, turn) = try scene.get()
        _ = scene.settle(turn.plans[0], .failure(Scene.wrongSecret))
        scene.pass(6)
        var number: UInt64 = 900
        let (result, _) = scene.ledger.renew(
            Scene.sync,
            waiters: {
                number += 1; return number
            }, wait: 30, at: scene.now)
        #expect(throws: Never.self) { try result.get() }
        #expect(scene.state() != .refused)
    }

    @Test func `ERR-07 a failed renewal leaves the valid token being served`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        _ = try scene.get()
        scene.pass(3400)
        let renewal = scene.due()
        let plan = try #require(renewal.plans.first)
        _ = scene.settle(plan, .failure(Scene.unreachable))
        #expect(scene.state() == .degraded)
        scene.pass(150)
        let ready = scene.ledger.ready(try scene.authorised(Scene.query(), Scene.script), at: scene.now)
        #expect(ready != nil, "50 s are left and the server is away: better than nothing")
        scene.pass(51)
        #expect(scene.ledger.ready(try scene.authorised(Scene.query(), Scene.script), at: scene.now) == nil)
    }

    @Test func `while a renewal hangs, callers without a promise wait a second at most`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        scene.pass(3550)
        let (first, turn) = try scene.get()
        #expect(turn.plans.count == 1)
        #expect(turn.answer(first) == nil)
        scene.pass(1.1)
        #expect(scene.due().token(first) != nil)
        let (second, later) = try scene.get()
        #expect(later.token(second) != nil)
    }

    @Test func `an explicit promise is not softened by a failure`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        scene.pass(3500)
        let (waiter, turn) = try scene.get(Scene.query(200))
        let settled = scene.settle(try #require(turn.plans.first), .failure(Scene.busyServer))
        #expect(settled.refusal(waiter)?.code == .unavailable)
    }

    @Test func `a server that cannot be reached is tried by one exchange, not by all that wait`() throws {
        var configuration = Scene.configuration()
        for number in 0..<40 {
            let name = TokenName("portal.t\(number)")!
            var token = try #require(configuration.tokens[Scene.sync])
            token.name = name
            configuration.tokens[name] = token
        }
        var scene = Scene(configuration)
        var plans: [ExchangePlan] = []
        for number in 0..<40 {
            let query = try scene.authorised(TokenQuery(name: "portal.t\(number)", wait: 300), Scene.script)
            plans += scene.ledger.ask(query, waiter: UInt64(number), at: scene.now).plans
        }
        #expect(plans.count == 8, "at most eight with one server")
        for plan in plans { _ = scene.settle(plan, .failure(Scene.unreachable)) }
        var tries: [Int] = []
        for _ in 0..<3 {
            scene.pass(301)
            let turn = scene.due()
            tries.append(turn.plans.count)
            for plan in turn.plans { _ = scene.settle(plan, .failure(Scene.unreachable)) }
        }
        #expect(tries.allSatisfy { $0 <= 1 })
    }

    @Test func `recovery is told once, with the number of failures`() throws {
        var scene = Scene()
        for _ in 0..<3 {
            let (_, turn) = try scene.get(Scene.query(wait: 600))
            let plan = try #require(turn.plans.first ?? scene.due().plans.first)
            _ = scene.settle(plan, .failure(Scene.garbled))
            scene.pass(301)
        }
        let (_, turn) = try scene.get(Scene.query(wait: 600))
        let plan = try #require(turn.plans.first ?? scene.due().plans.first)
        let settled = scene.settle(plan, .success(Scene.tokens()))
        let recoveries = settled.events.filter { if case .recovered(_, _, failures: 3) = $0 { true } else { false } }
        #expect(recoveries.count == 1)
    }

    @Test func `TIME-02 a wall-clock step changes what is told and not what is scheduled`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        let before = scene.ledger.nextDeadline
        let epoch = scene.ledger.epoch
        scene.now.wall += 86_400
        _ = scene.ledger.clockStepped(to: scene.now)
        #expect(scene.ledger.nextDeadline == before)
        #expect(scene.ledger.epoch != epoch)
        let (waiter, turn) = try scene.get()
        #expect(turn.token(waiter)?.expires == .at(scene.now.wall + 3600))
    }

    @Test func `TIME-02 small steps of the wall clock do not add up`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        let (first, before) = try scene.get()
        guard case .at(let expires)? = before.token(first)?.expires else { return #expect(Bool(false), "no token") }
        for step in 1...100 as ClosedRange<Int64> {
            // each sets the clock back by 5 us
            let realtime = scene.now.wall * 1_000_000_000 - step * 5_000
            _ = scene.ledger.clockStepped(to: Moment(boot: scene.now.boot, realtime: realtime))
        }
        let (waiter, turn) = try scene.get()
        let held = try #require(turn.token(waiter))
        #expect(held.expires == .at(expires) || held.expires == .at(expires - 1))
        #expect(held.until > held.ends - .seconds(1))
    }

    @Test func `TIME-02 a suspend of a day is noticed at the first look`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        _ = try scene.get()
        scene.pass(86_400)
        _ = scene.due()
        let (waiter, turn) = try scene.get()
        #expect(turn.token(waiter) == nil)
        #expect(turn.plans.count == 1)
    }
}
