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
        let (before, epoch) = (scene.ledger.queues[server]?.server.backoff, scene.ledger.epoch)
        #expect(before?.failures == 1)
        #expect(renew(&scene, other)?.code == .loginRequired)
        #expect(scene.ledger.queues[server]?.server.backoff == before && scene.ledger.epoch == epoch)
        scene.pass(6)
        #expect(renew(&scene) == nil)
        #expect(scene.ledger.queues[server]?.server.backoff.failures == 0)
    }
}
