import OAuth
import Secrets
import Testing
@testable import TokenLedger
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

    @Test(arguments: [(1, 1), (2, 2), (3, 4), (6, 32), (9, 256), (10, 300), (14, 300)])
    func `ERR-04 pauses grow with full jitter from 1 s to at most 5 min`(failures: Int64, ceiling: Int64) {
        let most = Int64.seconds(ceiling)
        for (random, pause) in [(0, .seconds(1)), (most / 2, max(.seconds(1), most / 2)), (most, most), (most + 1, .seconds(1))] as [(Int64, Int64)] {
            var backoff = Backoff()
            for number in 1...failures { backoff.failed(number, at: number, retryAfter: nil, random: UInt64(random)) }
            #expect(backoff.until == failures + pause)
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

    @Test func `ERR-06 a fault that only an operator ends is told at once to everybody, and tried once an hour while somebody asks`() throws {
        var scene = Scene()
        let (waiter, turn) = try scene.get()
        let settled = scene.settle(turn.plans[0], .failure(Scene.wrongSecret))
        #expect(settled.refusal(waiter) == Refusal(.refused, [Field("oauth-error", "invalid_client")], "the token endpoint said invalid_client"))
        for _ in 1...3 {
            scene.pass(3_590)
            #expect(scene.due().plans.isEmpty)
            let (next, told) = try scene.get()
            #expect(told.plans.isEmpty)
            #expect(told.refusal(next)?.code == .refused)
            scene.pass(20)
            #expect(scene.due().plans.isEmpty, "nobody asks")
            #expect(scene.state() == .refused)
            let (_, again) = try scene.get()
            _ = scene.settle(try #require(again.plans.first), .failure(Scene.wrongSecret))
        }
        scene.pass(3_601)
        let (last, healed) = try scene.get()
        #expect(scene.settle(try #require(healed.plans.first), .success(Scene.tokens())).token(last) != nil)
        #expect(scene.state() == .ready)
    }

    @Test func `ERR-06 what is kept is tried once an hour by itself, and a held token goes on being renewed`() throws {
        var scene = Scene(
            Scene.configuration {
                $0.shared = true
                $0.keep = .always
            })
        let key = CacheKey(token: Scene.sync, consumer: .shared, scopes: ["read", "update"], audience: nil)
        var plan = try #require(scene.ledger.start(at: scene.now).plans.first)
        for _ in 1...3 {
            _ = scene.settle(plan, .failure(Scene.wrongSecret))
            #expect(scene.state(key) == .refused)
            scene.pass(3_590)
            #expect(scene.due().plans.isEmpty)
            scene.pass(11)
            plan = try #require(scene.due().plans.first)
        }
        _ = scene.settle(plan, .success(Scene.tokens(life: 36_000)))
        scene.pass(35_700)
        _ = scene.settle(try #require(scene.due().plans.first), .failure(Scene.wrongSecret))
        #expect(scene.state(key) == .degraded)
        scene.pass(301)
        _ = scene.due()
        #expect(scene.state(key) == .refused)
        scene.pass(3_300)
        #expect(scene.due().plans.count == 1)
    }

    @Test func `TR-08 what the server does not grant is asked for once an hour`() throws {
        var scene = Scene()
        let (waiter, turn) = try scene.get()
        #expect(scene.settle(turn.plans[0], .success(Scene.tokens(scopes: ["read"]))).refusal(waiter)?.code == .refused)
        scene.pass(3_590)
        #expect(try scene.get().1.plans.isEmpty)
        scene.pass(11)
        let (next, again) = try scene.get()
        #expect(scene.settle(try #require(again.plans.first), .success(Scene.tokens())).token(next) != nil)
    }

    // MARK: answers that say nothing readable

    @Test func `an answer without a readable error is tried again soon, less and less often, and told as a refusal after an hour`() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            var scene = Scene(seed: seed)
            let began = scene.now.boot
            var tries = 0
            while scene.state() != .refused, tries < 200 {
                let (waiter, turn) = try scene.get(Scene.query(wait: 0))
                guard let plan = turn.plans.first else { return _ = Issue.record("nothing is tried after \(tries) tries") }
                tries += 1
                let trouble = Double(scene.now.boot - began) / 1e9
                let settled = scene.settle(plan, .failure(Scene.page))
                guard scene.state() != .refused else { break }
                #expect(settled.refusal(waiter)?.code != .refused)
                let pause = Double(try #require(scene.ledger.nextTry(scene.key, at: scene.now.boot)) - scene.now.boot) / 1e9
                #expect(pause >= 1 && pause <= max(1, trouble) + 0.001, "never longer than it has lasted")
                scene.pass(pause + 0.001)
            }
            #expect(scene.now.boot - began >= .seconds(3_600))
            #expect(tries < 60)
            scene.pass(3_590)
            #expect(try scene.get(Scene.query(wait: 0)).1.plans.isEmpty)
            scene.pass(11)
            let (last, turn) = try scene.get()
            #expect(scene.settle(try #require(turn.plans.first), .success(Scene.tokens())).token(last) != nil)
        }
    }

    @Test func `an hour of readable trouble makes no answer without a readable error the last one`() throws {
        var scene = Scene()
        for _ in 1...30 {
            let (_, turn) = try scene.get(Scene.query(wait: 0))
            _ = scene.settle(try #require(turn.plans.first), .failure(Scene.garbled))
            scene.pass(301)
        }
        let (_, turn) = try scene.get(Scene.query(wait: 0))
        _ = scene.settle(try #require(turn.plans.first), .failure(Scene.page))
        #expect(scene.state() == .unavailable)
        #expect(scene.ledger.nextTry(scene.key, at: scene.now.boot) == scene.now.boot + .seconds(1))
    }

    @Test func `a certificate that is not trusted just now is tried again, and at once when the clock is set`() throws {
        for kind in [TransportFault.Kind.certificate, .certificateTime] {
            var scene = Scene()
            let (_, turn) = try scene.get()
            let portal = ExchangeFailure(law: .unsent, reach: .credential, fault: kind, text: "the certificate is somebody else's")
            _ = scene.settle(turn.plans[0], .failure(portal))
            scene.pass(1.1)
            let (waiter, again) = try scene.get()
            #expect(scene.settle(try #require(again.plans.first), .success(Scene.tokens())).token(waiter) != nil)
        }
    }

    @Test func `TIME-02 an ID token that did not fit the clock is asked for again at once when the clock is set`() throws {
        var scene = Scene()
        let (_, turn) = try scene.get(Scene.query(wait: 600))
        let failure = ExchangeFailure(law: .answered(retryAfter: 300), reach: .credential, isAboutClocks: true, text: "the clocks differ")
        _ = scene.settle(turn.plans[0], .failure(failure))
        let (waiter, held) = try scene.get(Scene.query(wait: 600))
        #expect(held.plans.isEmpty)
        scene.pass(2)
        let stepped = scene.ledger.clockStepped(to: Moment(boot: scene.now.boot, wall: scene.now.wall + 3_600))
        #expect(scene.settle(try #require(stepped.plans.first), .success(Scene.tokens())).token(waiter) != nil)
    }

    // MARK: whose answer it was

    private static func clients() -> (Configuration, TokenName) {
        let foreign = TokenName("mail.sync")!
        var configuration = Scene.configuration().with(foreign, like: Scene.sync).with(TokenName("portal.report")!, like: Scene.sync)
        configuration.applications["mail"] = Scene.application("mail")
        return (configuration, foreign)
    }
    private static let throttled = ExchangeFailure(law: .answered(retryAfter: 60), reach: .client, status: 429, text: "the token endpoint answered 429")

    @Test func `ERR-05 a 429 cools the client that was told it, and the server's other clients go on one at a time`() throws {
        let (configuration, foreign) = Self.clients()
        var scene = Scene(configuration)
        let (_, turn) = try scene.get()
        _ = scene.settle(turn.plans[0], .failure(Self.throttled))
        let report = TokenQuery(name: "portal.report", wait: 10)
        let (waiter, told) = try scene.get(report)
        #expect(told.refusal(waiter)?.code == .unavailable && told.plans.isEmpty)
        #expect(told.refusal(waiter)?.text == "the token endpoint answered 429, to \"portal.sync\"", "somebody reads it under another name")
        let (other, free) = try scene.get(TokenQuery(name: foreign.description, wait: 10))
        let plan = try #require(free.plans.first)
        #expect(try scene.get(TokenQuery(name: foreign.description, wait: 10, scopes: ["read"])).1.plans.isEmpty, "one at a time")
        let settled = scene.settle(plan, .success(Scene.tokens()))
        #expect(settled.token(other) != nil && settled.plans.count == 1)
        #expect(try scene.get(report).1.plans.isEmpty, "one client's success is nothing to another")
        scene.pass(61)
        let (again, retried) = try scene.get(report)
        #expect(scene.settle(try #require(retried.plans.first), .success(Scene.tokens())).token(again) != nil)
    }

    @Test func `ERR-05 what waits behind a 429 is put off for the same client alone`() throws {
        let (configuration, _) = Self.clients()
        var scene = Scene(configuration)
        var plans: [ExchangePlan] = []
        for number in 1...8 {
            let caller = Caller(uid: 1000, gid: 1000, pid: Int32(number))
            plans += try scene.get(TokenQuery(name: "portal.sync", scopes: number == 1 ? [] : ["read"]), by: caller).1.plans
        }
        _ = try scene.get(TokenQuery(name: "portal.report"))
        _ = scene.settle(try #require(plans.first), .failure(Self.throttled))
        let (waiter, turn) = try scene.get(TokenQuery(name: "mail.sync", wait: 10))
        #expect(turn.refusal(waiter) == nil)
    }

    // MARK: ways to a server

    private static func proxy(_ user: String?) -> ProxySettings? {
        user.map { ProxySettings(url: "http://proxy.test:3128", login: $0.isEmpty ? nil : ProxySettings.Login(user: $0, password: Secret("of-\($0)"))) }
    }

    @Test(
        arguments: [
            ("", nil, false), (nil, "", false), ("a", "b", false), ("a", "", false), ("a", "a", true), ("", "", true), (nil, nil, true),
        ] as [(String?, String?, Bool)], [TransportFault.Kind.unreachable, .handshake, .proxyRefusal])
    func `a proxy that fails stops the applications that use it with the same login, and no others of the server`(
        way: (mine: String?, theirs: String?, isShared: Bool), fault: TransportFault.Kind
    ) throws {
        let (mine, theirs, isShared) = way
        var (configuration, foreign) = Self.clients()
        configuration.applications["portal"]?.server.proxy = Self.proxy(mine)
        configuration.applications["mail"]?.server.proxy = Self.proxy(theirs)
        var scene = Scene(configuration)
        let failure = ExchangeFailure(law: .unsent, reach: .server, fault: fault, text: "the proxy opened no tunnel")
        for _ in 1...8 {
            let (_, turn) = try scene.get()
            _ = scene.settle(try #require(turn.plans.first), .failure(failure))
            if scene.ledger.nextDeadline != nil { scene.pass(301) }
            _ = scene.due()
        }
        let (_, last) = try scene.get()
        _ = scene.settle(try #require(last.plans.first), .failure(failure))
        var plans = 0
        for number in 1...3 {
            let turn = try scene.get(TokenQuery(name: foreign.description, scopes: number == 1 ? [] : [number == 2 ? "read" : "update"])).1
            plans += turn.plans.count
        }
        #expect(plans == (isShared ? 0 : 3), "neither a pause nor one exchange at a time")
        // RENEW with another password goes on where it was
        guard isShared, mine == "a" else { return }
        var next = configuration
        next.applications["mail"]?.server.proxy?.login?.password = Secret("another")
        let key = try scene.authorised(TokenQuery(name: foreign.description), Scene.script).key
        let before = scene.ledger.server(of: key)
        _ = scene.ledger.adopt(next, at: scene.now)
        #expect(scene.ledger.server(of: key) == before)
    }

    // MARK: tokens that live a moment

    @Test func `between two exchanges of one cache key lies a second, and a life of less than five is warned of once`() throws {
        var scene = Scene(
            Scene.configuration {
                $0.shared = true
                $0.keep = .always
            })
        var plans = scene.ledger.start(at: scene.now).plans
        var (exchanges, warnings) = (0, 0)
        for _ in 0..<1_000 {
            for plan in plans {
                exchanges += 1
                let turn = scene.settle(plan, .success(Scene.tokens(life: 1)))
                warnings += turn.events.count { if case .shortLived(Scene.sync, seconds: 1) = $0 { true } else { false } }
            }
            scene.pass(0.01)
            plans = scene.due().plans
        }
        #expect((8...11).contains(exchanges), "\(exchanges) in ten seconds")
        #expect(warnings == 1)
    }

    @Test func `no promise and no request brings the next exchange within the same second`() throws {
        var scene = Scene()
        try scene.obtain(life: 4)
        scene.pass(0.5)
        let (waiter, turn) = try scene.get(Scene.query(4))
        #expect(turn.plans.isEmpty && turn.answer(waiter) == nil)
        scene.pass(0.51)
        #expect(scene.due().plans.count == 1)
    }

    @Test func `a reload that changes the way to a server ends the pause of one that was not reached, and of no other`() throws {
        for (failure, isTried) in [(Scene.unreachable, true), (Scene.busyServer, false)] {
            var scene = Scene()
            for pause in [0.0, 40, 40, 40] {
                scene.pass(pause)
                _ = scene.settle(try #require(scene.get().1.plans.first), .failure(failure))
            }
            var configuration = Scene.configuration()
            configuration.tokens[Scene.sync]?.minValid = 50
            _ = scene.ledger.adopt(configuration, at: scene.now)
            scene.pass(1)
            #expect(try scene.get(Scene.query(wait: 0)).1.plans.isEmpty)
            configuration.applications["portal"]?.server.proxy = ProxySettings(url: "http://proxy.test:3128")
            _ = scene.ledger.adopt(configuration, at: scene.now)
            #expect(try scene.get(Scene.query(wait: 0)).1.plans.isEmpty != isTried)
        }
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
        let (result, _) = scene.ledger.renew(cold, of: Scene.root, waiters: { 99 }, wait: 30, at: scene.now)
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
            Scene.sync, of: Scene.root,
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
        _ = scene.ledger.takeOutdated()
        scene.now.wall += 86_400
        _ = scene.ledger.clockStepped(to: scene.now)
        #expect(scene.ledger.nextDeadline == before)
        #expect(scene.ledger.takeOutdated().isAll)
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
