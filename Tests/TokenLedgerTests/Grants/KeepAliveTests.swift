import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// RT-16: a refresh token that nobody asks for does not die of idleness.
@Suite struct KeepAliveTests {
    @Test func `RT-16 an idle sign-in is used every twelve hours, and each successor is kept`() throws {
        var scene = GrantScene.signedIn()
        var last = scene.now.boot
        for number in 2...6 {
            while scene.plans.count < number - 1 {
                scene.pass(60)
                scene.due()
            }
            let hours = Double(scene.now.boot - last) / 3.6e12
            #expect((10.7...12.1).contains(hours), "\(hours) h")
            last = scene.now.boot
            scene.grant("access-\(number)", refresh: "refresh-\(number)")
            #expect(scene.stored() == "refresh-\(number)")
        }
    }

    @Test(arguments: [120, 600, 3600]) func `RT-16 one that is not rotated is used within half of its idle life, and not more often than that needs`(
        idle: Int
    ) throws {
        var scene = GrantScene.signedIn { _, signIn in signIn.refreshIdle = idle }
        var uses: [Int64] = [scene.now.boot]
        for _ in 1...20 {
            let before = scene.plans.count
            while scene.plans.count == before {
                scene.pass(1)
                scene.due()
                try #require(scene.now.boot - uses[uses.count - 1] < .seconds(idle))
            }
            uses.append(scene.now.boot)
            scene.grant("access", life: 30)
        }
        for (earlier, later) in zip(uses, uses.dropFirst()) {
            let share = Double(later - earlier) / 1e9 / Double(idle)
            #expect((0.40...0.55).contains(share), "\(share)")
        }
    }

    @Test func `RT-16 a keep-alive whose intent the disk did not take comes again`() throws {
        var scene = GrantScene.signedIn()
        scene.diskAnswer = .failure(GrantScene.full)
        scene.pass(13 * 3600)
        scene.due()
        scene.pass(700)
        scene.due()
        #expect(scene.plans.isEmpty)
        scene.diskAnswer = .success(())
        for _ in 1...120 {
            scene.pass(60)
            scene.due()
        }
        #expect(scene.plans.count == 1)
    }

    // MARK: a wall clock that is wrong

    private static let day: Int64 = 86_400

    /// Hours until the refresh token is sent next; it is found out minute by minute.
    private func hoursToNextUse(_ scene: inout GrantScene) -> Double {
        let (start, before) = (scene.now.boot, scene.plans.count)
        while scene.plans.count == before, scene.now.boot - start < .seconds(4 * Self.day) {
            scene.pass(60)
            scene.due()
        }
        return Double(scene.now.boot - start) / 3.6e12
    }

    private func setClock(_ scene: inout GrantScene, ahead seconds: Int64) {
        scene.now.wall += seconds
        scene.run { $0.clockStepped(to: $1) }
    }

    @Test(arguments: [-30, -3, 3, 30] as [Int64], [nil, 1800] as [Int64?])
    func `TIME-02 RT-16 a start at the wrong time of day uses an idle sign-in within twelve hours, and when the clock is set as soon as it is due`(
        days: Int64, set: Int64?
    ) throws {
        // last used a day before the start
        var scene = GrantScene.signedIn(GrantScene.record(ago: Self.day + days * Self.day))
        if let set {
            scene.pass(Double(set))
            scene.due()
            if !scene.plans.isEmpty { return #expect(days > 0, "it was due at once, by the wrong clock") }
            setClock(&scene, ahead: -days * Self.day)
            #expect(hoursToNextUse(&scene) < 0.2)
        } else {
            #expect(hoursToNextUse(&scene) < 12.1)
        }
        // the time that the record says is right again, so that the next start knows it
        scene.grant("access-1")
        #expect(scene.disk[GrantScene.user]?.rotated == scene.now.wall)
    }

    @Test(arguments: [-30, 30] as [Int64])
    func `TIME-02 RT-16 a clock that is set after the sign-in changes nothing of when its token is used`(days: Int64) throws {
        var scene = GrantScene()
        let now = scene.now.wall
        scene.now.wall += days * Self.day
        _ = try scene.login(1)
        _ = scene.callback(1)
        scene.grant("access-1", refresh: "refresh-1", identity: "m.petrova")
        #expect(scene.disk[GrantScene.user]?.rotated == now + days * Self.day)
        scene.pass(60)
        scene.due()
        setClock(&scene, ahead: -days * Self.day)
        // the server does not rotate, and the first keep-alive meets a server that is away
        #expect((10.7...12.1).contains(hoursToNextUse(&scene)))
        scene.answer(.failure(Scene.unreachable))
        #expect(hoursToNextUse(&scene) < 0.3)
        for number in 2...4 {
            scene.grant("access-\(number)")
            #expect(scene.disk[GrantScene.user]?.rotated == scene.now.wall)
            #expect((10.7...12.1).contains(hoursToNextUse(&scene)))
        }
    }

    @Test func `each idle life has its own warnings`() throws {
        var scene = GrantScene.signedIn { _, signIn in signIn.refreshIdle = Int(2 * Self.day) }
        for cycle in 1...3 {
            scene.pass(1.2 * Double(Self.day))
            scene.due()
            scene.due()
            #expect(scene.events.count { if case .endsSoon = $0 { true } else { false } } == cycle)
            scene.grant("access-\(cycle)", refresh: "refresh-\(cycle + 1)")
        }
    }

    @Test func `RENEW tries a refused sign-in once more though nothing of it is held any longer`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        for pause in [61.0, 601, 3601, 10] {
            scene.answer(.failure(GrantScene.invalidGrant))
            scene.pass(pause)
            try scene.get()
        }
        scene.pass(100_000)
        scene.due()
        let before = scene.plans.count
        scene.run { ledger, now in ledger.renew(GrantScene.user, of: Scene.root, waiters: { 99 }, wait: 30, at: now).1 }
        #expect(scene.plans.count == before + 1)
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.state == .ready)
    }

    private func renew(_ scene: inout GrantScene, _ token: TokenName = GrantScene.user) -> Refusal? {
        if case .failure(let refusal) = scene.ledger.renew(token, of: Scene.root, waiters: { 99 }, wait: 30, at: scene.now).0 { return refusal }
        return nil
    }

    @Test func `RENEW says so where only a person can help`() throws {
        var nobody = GrantScene()
        for _ in 1...2 { #expect(renew(&nobody)?.code == .loginRequired, "nothing was tried that has to rest") }
        #expect(renew(&nobody, GrantScene.pat)?.code == .expired, "and there is nothing to look at")
    }

    @Test func `RENEW that launches nothing leaves the pauses of the server as they are`() throws {
        let other = TokenName("portal.other")!
        let configuration = GrantScene.configuration().with(other, like: GrantScene.user)
        var scene = GrantScene.signedIn()
        scene.run { $0.adopt(configuration, at: $1).turn }
        try scene.get()
        scene.answer(.failure(Scene.unreachable))
        let server = try #require(scene.ledger.server(of: scene.key))
        let before = scene.ledger.exchanges.queue(at: server)?.server.backoff
        _ = scene.ledger.takeOutdated()
        #expect(before?.failures == 1)
        #expect(renew(&scene, other)?.code == .loginRequired)
        #expect(scene.ledger.exchanges.queue(at: server)?.server.backoff == before && scene.ledger.takeOutdated().isEmpty)
        scene.pass(6)
        #expect(renew(&scene) == nil)
        #expect(scene.ledger.exchanges.queue(at: server)?.server.backoff.failures == 0)
    }
}
