import OAuth
import Secrets
import TestSupport
import Testing
import TokenWire
@testable import TokenLedger

/// What was told to have failed is told to be over, whichever way it ended.
@Suite struct RecoveryTests {
    private func recoveries(_ events: [LedgerEvent]) -> [String] {
        events.compactMap { if case .recovered(_, let consumer, let failures) = $0 { "\(consumer): \(failures)" } else { nil } }
    }

    private func renew(_ scene: inout GrantScene) {
        scene.pass(6)
        scene.run { ledger, now in ledger.renew(GrantScene.user, of: Scene.root, waiters: { 99 }, wait: 30, at: now).1 }
    }

    @Test func `a replay that the server takes ends the trouble with the first try`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.answer(.failure(GrantScene.lost))
        #expect(scene.ledger.status(of: GrantScene.user, at: scene.now).failures == 1)
        scene.pass(91)
        try scene.get()
        scene.grant("access-1", refresh: "refresh-2")
        #expect(recoveries(scene.events) == ["shared: 1"])
        #expect(scene.ledger.status(of: GrantScene.user, at: scene.now).failures == 0)
    }

    @Test(arguments: [GrantScene.invalidGrant, Scene.wrongSecret, Scene.unreachable]) func `a renewal that an administrator asked for is a recovery`(
        _ failure: ExchangeFailure
    ) throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.answer(.failure(failure))
        renew(&scene)
        #expect(scene.ledger.status(of: GrantScene.user, at: scene.now).failures == 1, "that somebody asked for it ends nothing")
        scene.grant("access-1", refresh: "refresh-2")
        #expect(recoveries(scene.events) == ["shared: 1"])
    }

    @Test func `a corrected configuration is one, once it brings a token`() throws {
        var scene = Scene()
        let (_, turn) = try scene.get()
        _ = scene.settle(turn.plans[0], .success(Scene.tokens(scopes: ["read"])))
        let reload = scene.ledger.adopt(Scene.configuration { $0.scopes = ["read"] }, at: scene.now).turn
        #expect(recoveries(reload.events) == [])
        #expect(recoveries(try scene.obtain().events) == ["uid 1000: 1"])
        scene.pass(4000)
        #expect(recoveries(try scene.obtain(id: 2).events) == [], "it is told once")
    }

    @Test func `of consumers without end the recovery is told for the first ones`() throws {
        var scene = Scene(Scene.configuration { $0.allow = [AllowEntry(who: PeerPattern(unit: UnitPattern("job@*.service")), place: "portal.toml:9")] })
        for number in 1...300 as ClosedRange<UInt32> {
            let (_, turn) = try scene.get(by: Caller(uid: 990, gid: 990, pid: 8, unit: .unit("job@\(number).service")))
            for plan in turn.plans { _ = scene.settle(plan, .failure(Scene.garbled)) }
            scene.pass(301)
        }
        let events = try scene.obtain(by: Caller(uid: 990, gid: 990, pid: 8, unit: .unit("job@0.service"))).events
        #expect(recoveries(events).count == 256)
    }

    @Test func `one consumer's token ends the failures of all, but not of one who is refused what it asks for`() throws {
        var scene = Scene()
        for caller in [Scene.unit, Scene.script] {
            let (_, turn) = try scene.get(by: caller)
            _ = scene.settle(turn.plans[0], caller == Scene.unit ? .success(Scene.tokens(scopes: ["read"])) : .failure(Scene.garbled))
        }
        scene.pass(301)
        #expect(recoveries(try scene.obtain(by: Scene.other).events) == ["uid 1000: 1"])
        #expect(scene.ledger.status(of: Scene.sync, at: scene.now).failures == 1)
    }

    @Test func `scopes that are never granted hide no recovery of those that are`() throws {
        var scene = Scene()
        func ask(_ scopes: [String], _ outcome: ExchangeOutcome) throws -> [String] {
            let (_, turn) = try scene.get(Scene.query(scopes: scopes))
            return recoveries(scene.settle(try #require(turn.plans.first), outcome).events)
        }
        _ = try ask(["read", "update"], .success(Scene.tokens(scopes: ["read"])))
        _ = try ask(["read"], .failure(Scene.garbled))
        scene.pass(301)
        #expect(try ask(["read"], .success(Scene.tokens(scopes: ["read"]))) == ["uid 1000: 1"])
        let (read, both) = (try scene.authorised(Scene.query(scopes: ["read"]), Scene.script).key, try scene.authorised(Scene.query(), Scene.script).key)
        #expect([read, both].map { scene.ledger.status(of: $0, at: scene.now).failures } == [0, 1])
    }

    @Test func `what one consumer was told of several scopes is over at once`() throws {
        var scene = Scene()
        for scopes in [["read"], ["update"]] {
            let (_, turn) = try scene.get(Scene.query(scopes: scopes))
            _ = scene.settle(try #require(turn.plans.first), .failure(Scene.garbled))
            scene.pass(301)
        }
        #expect(recoveries(try scene.obtain().events) == ["uid 1000: 2"])
    }

    @Test func `what is due at once after an outage is done in parts, and the rest is due at once`() throws {
        var scene = Scene(Scene.configuration { $0.allow = [AllowEntry(who: PeerPattern(group: NamedID(name: "crowd", id: 20)))] })
        let names = (0..<1_000).map { TokenName("portal.t\($0)")! }
        let configuration = names.reduce(into: scene.ledger.configuration) { $0 = $0.with($1, like: Scene.sync) }
        _ = scene.ledger.adopt(configuration, at: scene.now)
        for (number, name) in names.enumerated() {
            let query = try scene.authorised(TokenQuery(name: name.description), Caller(uid: 5_000, gid: 20, pid: 1))
            for plan in scene.ledger.ask(query, waiter: UInt64(number) + 10_000, at: scene.now).plans { _ = scene.settle(plan, .success(Scene.tokens())) }
        }
        #expect(scene.ledger.cache.keys.count { scene.ledger.cache.held($0) != nil } == 1_000)
        scene.pass(3_500)
        var (turns, queued) = (0, 0)
        repeat {
            _ = scene.due()
            let now = scene.ledger.exchanges.keysUnderWay.count
            #expect(now - queued <= 256)
            (turns, queued) = (turns + 1, now)
        } while scene.ledger.nextDeadline.map { $0 <= scene.now.boot } ?? false
        #expect(turns == 4 && queued == 1_000)
    }

    @Test func `whether anything can be served costs no look through thousands of results that have ended`() throws {
        let grown = try growth(from: 20, to: 500) { count in
            var scene = try crowd(of: count)
            #expect(scene.ledger.isServable(Scene.sync, at: scene.now.boot))
            // none has been looked at since
            scene.pass(3_600)
            let cost = processorTime { for _ in 1...500 { #expect(!scene.ledger.isServable(Scene.sync, at: scene.now.boot)) } }
            _ = scene.due()
            try scene.obtain(by: Caller(uid: 5_000, gid: 20, pid: 1))
            #expect(scene.ledger.isServable(Scene.sync, at: scene.now.boot))
            return cost
        }
        #expect(grown < 8, "a look through all of them would grow 25 times")
    }

    /// So many members of a group, each with a token of their own.
    private func crowd(of count: Int) throws -> Scene {
        var scene = Scene(Scene.configuration { $0.allow = [AllowEntry(who: PeerPattern(group: NamedID(name: "crowd", id: 20)))] })
        var configuration = scene.ledger.configuration
        configuration.limits.membersPerGroup = 4_000
        _ = scene.ledger.adopt(configuration, at: scene.now)
        for uid in 0..<UInt32(count) { try scene.obtain(by: Caller(uid: 5_000 + uid, gid: 20, pid: 1)) }
        return scene
    }
}
