import OAuth
import Secrets
import Testing
import TokenLedger
import TokenWire

@Suite struct RenewalTests {
    @Test(arguments: [(3600, 300.0, 330.0), (300, 75, 82.5), (100, 25, 27.5), (4, 1, 1.1), (86_400, 6912, 7603.2)])
    func `CC-07 a token in use is renewed late, before its promise breaks`(life: Int64, latest: Double, earliest: Double) throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            var scene = Scene(seed: seed)
            try scene.obtain(life: life)
            _ = try scene.get()
            let left = Double(life) - Double(try #require(scene.ledger.nextDeadline) - scene.now.boot) / 1e9
            #expect(left >= latest - 0.001 && left <= earliest + 0.001, "left \(left)")
        }
    }

    @Test func `a token that nobody asked for again is left to run out, and forgotten`() throws {
        var scene = Scene()
        let (waiter, turn) = try scene.get()
        scene.ledger.withdraw(waiter: waiter)
        _ = scene.settle(turn.plans[0], .success(Scene.tokens(life: 100)))
        scene.pass(90)
        #expect(scene.due().plans.isEmpty)
        scene.pass(20)
        #expect(scene.due().plans.isEmpty)
        #expect(scene.ledger.consumers(of: Scene.sync).isEmpty)
    }

    @Test func `a token in use is renewed again and again, and each renewal is told to the watcher`() throws {
        var scene = Scene()
        let first = try scene.ledger.watch(try scene.authorised(Scene.query(), Scene.script), watcher: 77, at: scene.now).get()
        var plan = try #require(first.plans.first)
        for round in 1...10 as ClosedRange<UInt64> {
            let turn = scene.settle(plan, .success(Scene.tokens(life: 4)), id: round)
            #expect(turn.rows.map(\.watcher) == [77])
            scene.pass(3.2)
            plan = try #require(scene.due().plans.first)
        }
    }

    @Test func `a watcher hears of trouble and of its end`() throws {
        var scene = Scene()
        let first = try scene.ledger.watch(try scene.authorised(Scene.query(), Scene.script), watcher: 77, at: scene.now).get()
        let failed = scene.settle(try #require(first.plans.first), .failure(Scene.busyServer))
        guard case .trouble(.unavailable, let reason)? = failed.rows.first?.row else { return #expect(Bool(false), "no trouble was told") }
        #expect(reason == "the token endpoint answered 503")
        scene.pass(301)
        let retry = scene.due()
        let healed = scene.settle(try #require(retry.plans.first), .success(Scene.tokens()))
        guard case .token? = healed.rows.first?.row else { return #expect(Bool(false), "no token was told") }
    }

    @Test func `a token that is kept is fetched at the start and renewed without being asked for`() throws {
        var scene = Scene(
            Scene.configuration {
                $0.keep = .always; $0.shared = true
            })
        let start = scene.ledger.start(at: scene.now)
        _ = scene.settle(try #require(start.plans.first), .success(Scene.tokens(life: 100)))
        scene.pass(80)
        #expect(scene.due().plans.count == 1)
    }

    @Test func `an early promise moves the renewal to half of the life at most, and is forgotten after it`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        _ = try scene.get(Scene.query(3000))
        let early = Double(try #require(scene.ledger.nextDeadline) - scene.now.boot) / 1e9
        #expect(early > 1700 && early <= 1800)
        scene.pass(early + 1)
        _ = scene.settle(try #require(scene.due().plans.first), .success(Scene.tokens(life: 3600)), id: 2)
        _ = try scene.get()
        let late = Double(try #require(scene.ledger.nextDeadline) - scene.now.boot) / 1e9
        #expect(late > 3200)
    }

    @Test func `ERR-08 a rejected token is renewed once, and those who ask meanwhile get the new one`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        _ = try scene.get()
        scene.pass(31)
        let query = try scene.authorised(Scene.query(), Scene.script)
        let (verdict, turn) = scene.ledger.reject(query, id: Fingerprint(bits: 1), waiter: 500, at: scene.now)
        guard case .renewing = verdict else { return #expect(Bool(false), "not renewing") }
        let plan = try #require(turn.plans.first)
        let (other, waiting) = try scene.get()
        #expect(waiting.plans.isEmpty && waiting.answer(other) == nil)
        let settled = scene.settle(plan, .success(Scene.tokens("next")), id: 2)
        #expect(settled.token(500)?.id == Fingerprint(bits: 2))
        #expect(settled.token(other)?.id == Fingerprint(bits: 2))
    }

    @Test func `ERR-08 a rejected token falls back to the held one when no other can be had`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        _ = try scene.get()
        scene.pass(31)
        let query = try scene.authorised(Scene.query(), Scene.script)
        let (_, turn) = scene.ledger.reject(query, id: nil, waiter: 500, at: scene.now)
        let (other, _) = try scene.get()
        let settled = scene.settle(try #require(turn.plans.first), .failure(Scene.busyServer))
        #expect(settled.refusal(500)?.code == .unavailable)
        #expect(settled.token(other)?.id == Fingerprint(bits: 1))
    }

    @Test func `ERR-08 a young token, a token of before, and one rejected too often are not renewed`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        _ = try scene.get()
        let query = try scene.authorised(Scene.query(), Scene.script)
        guard case .cooling(retryAfter: 30) = scene.ledger.reject(query, id: nil, waiter: 1, at: scene.now).0 else { return #expect(Bool(false), "too young") }
        guard case .newer = scene.ledger.reject(query, id: Fingerprint(bits: 99), waiter: 1, at: scene.now).0 else { return #expect(Bool(false), "not newer") }
        var renewals = 0
        for round in 2...12 as ClosedRange<UInt64> {
            scene.pass(31)
            let (_, turn) = scene.ledger.reject(query, id: nil, waiter: round, at: scene.now)
            guard let plan = turn.plans.first else { continue }
            renewals += 1
            _ = scene.settle(plan, .success(Scene.tokens()), id: round)
            _ = try scene.get()
        }
        #expect(renewals < 11 && renewals >= 5)
    }

    @Test func `a reload that changes nothing disturbs nothing`() throws {
        var scene = Scene()
        try scene.obtain()
        let (orphans, turn) = scene.ledger.adopt(Scene.configuration(), at: scene.now)
        #expect(orphans.isEmpty && turn.plans.isEmpty)
        #expect(scene.state() == .ready)
    }

    @Test func `a reload of the rules alone keeps the token and asks anew who may have it`() throws {
        var scene = Scene()
        try scene.obtain()
        _ = scene.ledger.adopt(Scene.configuration { $0.allow = [] }, at: scene.now)
        #expect(scene.state() == .ready)
        #expect(throws: Refusal.self) { try scene.authorised(Scene.query(), Scene.script) }
    }

    @Test func `a reload that changes a token begins it anew, and what was sent before is not published`() throws {
        var scene = Scene()
        let (waiter, turn) = try scene.get()
        let (orphans, _) = scene.ledger.adopt(
            Scene.configuration {
                $0.scopes = ["read"]; $0.allow[2].scopes = nil
            }, at: scene.now)
        #expect(orphans == [waiter])
        let late = scene.settle(turn.plans[0], .success(Scene.tokens()))
        #expect(late.answers.isEmpty && late.events.isEmpty)
        #expect(scene.ledger.consumers(of: Scene.sync).isEmpty)
    }

    @Test func `after a stop nothing begins and everyone who waits is told`() throws {
        var scene = Scene()
        let (waiter, _) = try scene.get()
        #expect(scene.ledger.stop().refusal(waiter)?.code == .stopping)
        let (next, turn) = try scene.get(by: Scene.unit)
        #expect(turn.plans.isEmpty)
        #expect(turn.refusal(next)?.code == .stopping)
    }

    @Test func `readiness is waited for through failures`() throws {
        var scene = Scene()
        let query = try scene.authorised(Scene.query(wait: 600), Scene.script).probe(wait: 600)
        let turn = scene.ledger.ask(query, waiter: 9, patience: .ready, at: scene.now)
        let failed = scene.settle(try #require(turn.plans.first), .failure(Scene.unreachable))
        #expect(failed.answers.isEmpty)
        scene.pass(301)
        let retry = scene.due()
        #expect(scene.settle(try #require(retry.plans.first), .success(Scene.tokens())).token(9) != nil)
        #expect(scene.state() == .idle, "nothing was minted for the caller itself")
    }

    @Test func `TR-17 what an access token says of itself decides nothing`() throws {
        // no JWT, {"exp":1}, and {"exp":4102444800,"scope":"admin"}
        let tokens = ["opaque", "eyJhbGciOiJub25lIn0.eyJleHAiOjF9.", "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDAsInNjb3BlIjoiYWRtaW4ifQ.c2ln"]
        var decisions: Set<[String]> = []
        for token in tokens {
            var scene = Scene()
            let (waiter, turn) = try scene.get()
            let held = try #require(scene.settle(turn.plans[0], .success(Scene.tokens(token, life: 600))).token(waiter))
            #expect(held.token == Secret(token))
            scene.pass(100)
            let (again, cached) = try scene.get()
            #expect(cached.token(again) != nil && cached.plans.isEmpty)
            decisions.insert(["\(held.expires) \(held.until) \(held.scopes)", "\(scene.state())", "\(scene.ledger.nextDeadline ?? 0)"])
        }
        #expect(decisions.count == 1, "\(decisions)")
    }

    /// RENEW, by the number under which it waits.
    private func renew(_ scene: inout Scene) throws -> Turn {
        let (result, turn) = scene.ledger.renew(Scene.sync, of: Scene.root, waiters: { 900 }, wait: 30, at: scene.now)
        #expect(try result.get().count == 1)
        return turn
    }

    @Test(arguments: [true, false]) func `the next try after a RENEW that failed comes when the journal says`(isInUse: Bool) throws {
        var scene = Scene()
        try scene.obtain()
        if !isInUse {
            scene.pass(3330)
            _ = scene.settle(try #require(scene.due().plans.first), .success(Scene.tokens()), id: 2)
        }
        scene.pass(10)
        let failed = scene.settle(try #require(try renew(&scene).plans.first), .failure(Scene.busyServer))
        let next = failed.events.compactMap { event in if case .failed(_, _, _, _, let next, _, _) = event { next } else { nil } }
        scene.pass(Double(try #require(next.first)) / 1e9 + 0.001)
        let plan = try #require(scene.due().plans.first)
        // once it has come, nothing is early any more
        _ = scene.settle(plan, .success(Scene.tokens()), id: 3)
        scene.pass(600)
        #expect(scene.due().plans.isEmpty)
    }

    @Test func `what an API did not take and could not be renewed is tried again when the journal says`() throws {
        var scene = Scene()
        try scene.obtain()
        scene.pass(60)
        let (_, turn) = scene.ledger.reject(try scene.authorised(Scene.query(), Scene.script), id: nil, waiter: 90, at: scene.now)
        _ = scene.settle(try #require(turn.plans.first), .failure(Scene.busyServer))
        scene.pass(2)
        #expect(scene.due().plans.count == 1)
    }

    @Test func `RENEW with a new secret tries it though nothing is held`() throws {
        var scene = Scene()
        _ = scene.settle(try scene.get().1.plans[0], .failure(Scene.wrongSecret))
        var configuration = Scene.configuration()
        configuration.applications["portal"]?.client.authentication = .post(Secret("the-right-one"))
        _ = scene.ledger.adopt(configuration, at: scene.now)
        let (result, turn) = scene.ledger.renew(Scene.sync, of: Scene.root, isReplaced: true, waiters: { 900 }, wait: 30, at: scene.now)
        #expect(try result.get().count == 1)
        let plan = try #require(turn.plans.first)
        #expect(plan.application.client.authentication == .post(Secret("the-right-one")))
        #expect(scene.settle(plan, .success(Scene.tokens())).token(900) != nil)
        #expect(scene.state() == .idle, "nothing was minted for any caller")
    }

    @Test func `RENEW of what nobody has asked for has nothing to do`() throws {
        var scene = Scene()
        let (result, turn) = scene.ledger.renew(Scene.sync, of: Scene.root, waiters: { 900 }, wait: 30, at: scene.now)
        #expect(try result.get().isEmpty && turn.plans.isEmpty)
    }

    @Test func `RENEW renews every consumer's token and answers each`() throws {
        var scene = Scene()
        try scene.obtain(by: Scene.script)
        try scene.obtain(id: 2, by: Scene.unit)
        scene.pass(10)
        var number: UInt64 = 900
        let (result, turn) = scene.ledger.renew(
            Scene.sync, of: Scene.root,
            waiters: {
                number += 1; return number
            }, wait: 30, at: scene.now)
        #expect(try result.get().count == 2)
        #expect(turn.plans.count == 2)
        let again = scene.ledger.renew(Scene.sync, of: Scene.root, waiters: { 0 }, wait: 30, at: scene.now).0
        #expect(throws: Refusal.self) { try again.get() }
    }
}
