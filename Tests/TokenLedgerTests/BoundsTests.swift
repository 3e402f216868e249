import OAuth
import Secrets
import Testing
import TokenWire

@testable import TokenLedger

/// What callers may cause is bounded, whatever they ask.
@Suite struct BoundsTests {
    @Test func `ERR-04 where all share a token, one caller's exchanges are not taken from another's budget`() throws {
        var scene = Scene(Scene.configuration { $0.shared = true })
        try scene.obtain()
        var refusals: [Refusal] = []
        for id: UInt64 in 2..<12 {
            scene.pass(2)
            let (waiter, turn) = try scene.get(Scene.query(3_599))
            if let plan = turn.plans.first { _ = scene.settle(plan, .success(Scene.tokens()), id: id) }
            refusals += [turn.refusal(waiter)].compactMap { $0 }
        }
        #expect(refusals.count == 5 && refusals.allSatisfy { $0.code == .busy })
        let (_, turn) = try scene.get(Scene.query(3_599), by: Scene.unit)
        #expect(turn.plans.count == 1)
    }

    @Test func `ERR-04 where all share a token, one caller's variants leave room for another's`() throws {
        var scene = Scene(
            Scene.configuration {
                $0.shared = true
                $0.scopes = (0..<20).map { "scope-\($0)" }
            })
        for number: UInt64 in 0..<20 {
            // a minute brings one exchange
            scene.pass(60)
            let query = Scene.query(scopes: ["scope-\(number)"])
            _ = scene.ledger.watch(try scene.authorised(query, Scene.script), watcher: number, at: scene.now)
        }
        #expect(scene.ledger.cache.count <= TokenCache.variantsPerConsumer)
        let (_, turn) = try scene.get(Scene.query(scopes: ["scope-19"]), by: Scene.unit)
        #expect(scene.ledger.cache.count == TokenCache.variantsPerConsumer + 1 && turn.answers.isEmpty)
    }

    @Test func `ERR-04 watching costs the same budget as asking`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        var exchanges = 0
        var refusals: [RefusalCode] = []
        for id in 100..<130 as Range<UInt64> {
            scene.pass(1)
            switch scene.ledger.watch(try scene.authorised(Scene.query(3600), Scene.script), watcher: id, at: scene.now) {
            case .success(let turn):
                for plan in turn.plans {
                    exchanges += 1
                    _ = scene.settle(plan, .success(Scene.tokens(life: 3600)), id: id)
                }
            case .failure(let refusal): refusals.append(refusal.code)
            }
        }
        #expect(exchanges <= Budget.burst)
        #expect(refusals.contains(.busy))
    }

    @Test func `a watch whose promise no token keeps is refused`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        let watch = scene.ledger.watch(try scene.authorised(Scene.query(7200), Scene.script), watcher: 7, at: scene.now)
        #expect(throws: Refusal.self) { try watch.get() }
        #expect(scene.ledger.cache.contains(scene.key) && !scene.ledger.isWatched(scene.key))
    }

    @Test func `a watch of a refused credential tells so, starts nothing, and is forgotten when it ends`() throws {
        var scene = Scene()
        let (_, turn) = try scene.get()
        _ = scene.settle(turn.plans[0], .failure(Scene.wrongSecret))
        let query = try scene.authorised(Scene.query(scopes: ["read"]), Scene.script)
        let watch = try scene.ledger.watch(query, watcher: 7, at: scene.now).get()
        #expect(watch.plans.isEmpty)
        guard case .trouble(.refused, _)? = watch.rows.first?.row else { return #expect(Bool(false), "no trouble was told") }
        scene.ledger.unwatch(query.key, watcher: 7, at: scene.now)
        scene.pass(3_601)
        _ = scene.due()
        #expect(!scene.ledger.cache.contains(query.key))
    }

    @Test func `scopes that the server never grants cost a budget and at most eight variants`() throws {
        let scopes = (0..<40).map { "s\($0)" }
        var scene = Scene(Scene.configuration { $0.scopes = scopes })
        var exchanges = 0
        for scope in scopes {
            let (_, turn) = try scene.get(Scene.query(scopes: [scope]))
            for plan in turn.plans {
                exchanges += 1
                _ = scene.settle(plan, .success(Scene.tokens(scopes: ["other"])))
            }
        }
        #expect(exchanges <= Budget.burst + 1)
        #expect(scene.ledger.consumers(of: Scene.sync).count <= TokenCache.variantsPerConsumer)
    }

    @Test func `ERR-04 exchanges that were under way together are one failure`() throws {
        var scene = Scene(
            Scene.configuration { token in
                token.allow = (0..<8).map { AllowEntry(who: PeerPattern(user: NamedID(name: "u\($0)", id: 2000 + UInt32($0)))) }
            })
        let plans = try (0..<8).flatMap { try scene.get(by: Caller(uid: 2000 + UInt32($0), gid: 1)).1.plans }
        #expect(plans.count == 8)
        for plan in plans { _ = scene.settle(plan, .failure(Scene.garbled)) }
        #expect(scene.ledger.failures[Scene.sync]?.backoff.failures == 1)
    }

    @Test func `what waits in its server's queue while its credential fails is not sent`() throws {
        var scene = Scene(
            Scene.configuration { token in
                token.allow = (0..<20).map { AllowEntry(who: PeerPattern(user: NamedID(name: "u\($0)", id: 2000 + UInt32($0)))) }
            })
        let asked = try (0..<20).map { try scene.get(by: Caller(uid: 2000 + UInt32($0), gid: 1)) }
        let plans = asked.flatMap(\.1.plans)
        #expect(plans.count == ExchangeScheduler.mostPerServer)
        let turn = scene.settle(plans[0], .failure(Scene.garbled))
        #expect(turn.plans.isEmpty)
    }

    @Test func `a reload fetches nothing that is held`() throws {
        var scene = Scene(
            Scene.configuration {
                $0.keep = .always; $0.shared = true
            })
        let start = scene.ledger.start(at: scene.now)
        _ = scene.settle(try #require(start.plans.first), .success(Scene.tokens(life: 3600)))
        let next = Scene.configuration {
            $0.keep = .always; $0.shared = true
        }
        #expect(scene.ledger.adopt(next, at: scene.now).turn.plans.isEmpty)
    }

    @Test func `REJECT after a final verdict is told it, and waits for nothing`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        _ = try scene.get()
        scene.pass(31)
        let query = try scene.authorised(Scene.query(), Scene.script)
        let (_, turn) = scene.ledger.reject(query, id: nil, waiter: 500, at: scene.now)
        _ = scene.settle(try #require(turn.plans.first), .success(Scene.tokens(scopes: ["read"])))
        let (verdict, _) = scene.ledger.reject(query, id: nil, waiter: 501, at: scene.now)
        guard case .refused(let refusal) = verdict else { return #expect(Bool(false), "not refused") }
        #expect(refusal.fields.first == Field("reason", "missing-scope"))
    }

    @Test func `consumers that are gone are forgotten`() throws {
        var scene = Scene(Scene.configuration { $0.allow = [AllowEntry(who: PeerPattern(unit: UnitPattern("job@*.service")))] })
        for number in 0..<2000 {
            let caller = Caller(uid: 1, gid: 1, unit: .unit("job@\(number).service"))
            try scene.obtain(life: 4, by: caller)
            scene.pass(10)
            _ = scene.due()
        }
        #expect(scene.ledger.cache.consumerCount < 200)
    }

    @Test func `no number of seconds overflows`() {
        #expect(Int64.seconds(Int.max) > 0)
        #expect(Int64.seconds(Int.min) < 0)
        #expect(Int64.seconds(UInt64.max) + Int64.seconds(Int.max) > 0)
    }
}
