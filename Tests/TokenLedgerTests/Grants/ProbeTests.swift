import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// Looking at a reference token now and then.
@Suite struct ProbeTests {
    private static let token = "enrt_0123456789"
    private static let me = ReferenceSettings.Probe.Way.api("https://api.test/me")

    /// portal.pat has a probe, and (unless it is nil) a value.
    private func scene(
        _ way: ReferenceSettings.Probe.Way = me, every: Int = 3600, value: String? = token, expires: Expiry? = .never, seed: UInt64 = 1
    ) -> GrantScene {
        var scene = GrantScene(seed: seed)
        configure(&scene, ReferenceSettings.Probe(way: way, every: every), value: value, expires: expires)
        return scene
    }

    private func configure(_ scene: inout GrantScene, _ probe: ReferenceSettings.Probe?, value: String? = token, expires: Expiry? = .never) {
        var configuration = scene.ledger.configuration
        configuration.tokens[GrantScene.pat]?.grant = .reference(ReferenceSettings(value: value.map { Secret($0) }, expires: expires, probe: probe))
        scene.run { $0.adopt(configuration, at: $1).turn }
    }

    /// Lets time pass until a look begins; seconds, or `nil` when none does within so many.
    private func wait(_ scene: inout GrantScene, atMost most: Int = 8000) -> Int? {
        let before = scene.errands.count
        for second in 0...most {
            scene.due()
            if scene.errands.count > before { return second }
            scene.pass(1)
        }
        return nil
    }

    private func look(_ scene: inout GrantScene, _ health: TokenHealth) {
        _ = wait(&scene)
        answer(&scene, health)
    }

    private func answer(_ scene: inout GrantScene, _ health: TokenHealth) {
        guard let errand = scene.errands.last else { return #expect(Bool(false), "no look") }
        scene.run { $0.finished(ErrandReport(id: errand.id, result: .probed(health)), at: $1) }
    }

    private func told(_ scene: GrantScene) -> [String] {
        scene.events.compactMap { event in
            switch event {
            case .probeTrouble(_, _, let trouble): trouble.kind.rawValue
            case .probeTroubleEnded(_, _, let kind, let isHealed): "end of \(kind.rawValue)" + (isHealed ? "" : ", gone")
            default: nil
            }
        }
    }

    private func status(_ scene: GrantScene) -> TokenStatus { scene.ledger.status(of: GrantScene.pat, at: scene.now) }

    private static let refused = TokenHealth.refused("'https://api.test/me' answered 401")
    private static let busy = TokenHealth.unknown(Scene.busyServer)
    private static let wrongClient = TokenHealth.unknown(Scene.wrongSecret)

    // MARK: when

    @Test func `STAT-03 without a probe nothing is ever asked`() {
        var scene = GrantScene()
        configure(&scene, nil)
        #expect(wait(&scene) == nil)
    }

    @Test func `the first look is somewhere within ten minutes, the next ones at the interval, a tenth more or less`() throws {
        var first: Set<Int> = []
        for seed in 1...20 {
            var scene = scene(seed: UInt64(seed))
            first.insert(try #require(wait(&scene, atMost: 600)))
            answer(&scene, .good(expires: nil))
            for _ in 1...3 {
                let pause = try #require(wait(&scene))
                #expect((3240...3961).contains(pause))
                answer(&scene, .good(expires: nil))
            }
        }
        #expect(first.count > 10)
        var frequent = scene(every: 60)
        #expect(wait(&frequent, atMost: 60) != nil)
    }

    @Test func `a look carries the token, its header and the way, and one is under way at a time`() throws {
        var scene = scene()
        _ = wait(&scene)
        let errand = try #require(scene.errands.last)
        guard case .probe(let secret, let way, let header) = errand.errand else { return #expect(Bool(false), "no probe") }
        #expect(secret == Secret(Self.token) && way == Self.me && header == .apiKey)
        #expect(errand.token == GrantScene.pat && errand.application.name == "portal")
        #expect(wait(&scene) == nil)
    }

    @Test func `nothing is looked at while no token is held`() throws {
        var scene = scene(value: nil, expires: nil)
        #expect(wait(&scene) == nil)
        let settings = scene.ledger.configuration.tokens[GrantScene.pat]!
        _ = scene.request { $0.importToken(settings, Secret(Self.token), expires: .at($2.wall + 1000), for: GrantScene.alice, waiter: $1, at: $2) }
        #expect(wait(&scene, atMost: 600) != nil)
        answer(&scene, .good(expires: nil))
        #expect(wait(&scene) == nil, "it has ended")
    }

    @Test func `time asleep counts, and what was missed is one look`() throws {
        var scene = scene()
        look(&scene, .good(expires: nil))
        scene.now.boot += .seconds(10 * 86_400)
        #expect(wait(&scene, atMost: 0) == 0)
        answer(&scene, .good(expires: nil))
        #expect(wait(&scene, atMost: 3000) == nil)
    }

    @Test func `eight looks at once, and the others soon after`() throws {
        var scene = GrantScene()
        var configuration = scene.ledger.configuration
        let pat = try #require(configuration.tokens[GrantScene.pat])
        for number in 1...30 {
            var token = pat
            token.name = try #require(TokenName("portal.t\(number)"))
            token.grant = .reference(ReferenceSettings(value: Secret("enrt_\(number)"), expires: .never, probe: .init(way: Self.me)))
            configuration.tokens[token.name] = token
        }
        scene.run { $0.adopt(configuration, at: $1).turn }
        scene.pass(1000)
        scene.due()
        #expect(scene.errands.count == 8)
        for _ in 1...100 {
            for errand in scene.errands { scene.run { $0.finished(ErrandReport(id: errand.id, result: .probed(.good(expires: nil))), at: $1) } }
            scene.pass(1)
            scene.due()
        }
        #expect(Set(scene.errands.map(\.token)).count == 30)
    }

    @Test func `RENEW looks at once`() throws {
        var scene = scene()
        look(&scene, Self.refused)
        scene.pass(10)
        let started = try renew(&scene).get()
        #expect(started.map(\.0) == [901] && started.map(\.1) == [scene.ledger.configuration.tokens[GrantScene.pat]!.soleKey])
        #expect(scene.errands.count == 2 && scene.answers[901] == nil)
        answer(&scene, .good(expires: nil))
        #expect(status(scene).state == .ready)
        #expect(scene.token(901) != nil)
    }

    private func renew(_ scene: inout GrantScene, isReplaced: Bool = false) -> Result<[(UInt64, CacheKey)], Refusal> {
        let (result, turn) = scene.ledger.renew(GrantScene.pat, of: Scene.root, isReplaced: isReplaced, waiters: { 901 }, wait: 5, at: scene.now)
        scene.take(turn)
        return result
    }

    @Test(arguments: [refused, TokenHealth.unknown(Scene.busyServer)]) func `RENEW says what the look has shown`(_ health: TokenHealth) throws {
        var scene = scene()
        #expect(try renew(&scene).get().count == 1)
        answer(&scene, health)
        let refusal = try #require(scene.refusal(901))
        #expect(refusal.text.contains(health == Self.refused ? "reissued" : "503"), "\(refusal.text)")
    }

    @Test func `RENEW waits for a look no longer than its time`() throws {
        var scene = scene()
        _ = renew(&scene)
        scene.pass(6)
        scene.due()
        #expect(scene.refusal(901)?.code == .timeout)
    }

    @Test(arguments: [true, false]) func `RENEW of a reference token that nothing looks at tells whether its value is another one`(isReplaced: Bool) throws {
        var scene = scene()
        configure(&scene, nil)
        #expect(try renew(&scene, isReplaced: isReplaced).get().count == 1)
        #expect((scene.token(901) != nil) == isReplaced && (scene.reason(901) == "reference") == !isReplaced)
        #expect(scene.errands.isEmpty)
        #expect(scene.ledger.waiters.placeCount == 0 && scene.ledger.check().isEmpty, "its place is free again")
    }

    @Test(arguments: [true, false]) func `RENEW of a reference token is told to come again where there is no place to wait`(_ hasProbe: Bool) throws {
        var scene = scene()
        if !hasProbe { configure(&scene, nil) }
        var number: UInt64 = 1_000
        while scene.ledger.waiters.claimPlace(for: number, of: Scene.root).isIn { number += 1 }
        guard case .failure(let refusal) = renew(&scene) else { return _ = Issue.record("it was not refused") }
        #expect(refusal.code == .busy && scene.answers[901] == nil && scene.errands.isEmpty)
    }

    @Test func `RENEW of a reference token that nobody has brought in is refused like a GET`() {
        var scene = GrantScene()
        guard case .failure(let refusal) = renew(&scene) else { return _ = Issue.record("it was not refused") }
        #expect(refusal.code == .expired && scene.answers[901] == nil)
    }

    @Test func `a reload that changes nothing leaves the looks alone, another token or way is looked at anew`() throws {
        var scene = scene()
        look(&scene, .good(expires: nil))
        let next = scene.ledger.references.nextDeadline
        configure(&scene, ReferenceSettings.Probe(way: Self.me))
        #expect(scene.ledger.references.nextDeadline == next)
        configure(&scene, ReferenceSettings.Probe(way: .introspection))
        #expect(wait(&scene, atMost: 600) != nil)
        let late = try #require(scene.errands.last)
        configure(&scene, ReferenceSettings.Probe(way: .introspection), value: "enrt_9876543210")
        scene.run { $0.finished(ErrandReport(id: late.id, result: .probed(Self.refused)), at: $1) }
        #expect(told(scene).isEmpty, "it was about the old one")
        #expect(wait(&scene, atMost: 600) != nil)
    }

    @Test func `nothing begins once the daemon stops, and what was under way is taken in`() throws {
        var scene = scene()
        _ = wait(&scene)
        scene.run { ledger, _ in ledger.stop() }
        answer(&scene, .good(expires: nil))
        #expect(wait(&scene) == nil)
    }

    // MARK: what it means

    @Test func `a token that is not taken is served all the same, and everybody is told`() throws {
        var scene = scene()
        let query = try scene.ledger.policy.authorise(name: "portal.pat", for: GrantScene.alice).get()
        scene.take(try scene.ledger.watch(query, watcher: 5, at: scene.now).get())
        look(&scene, Self.refused)
        #expect(told(scene) == ["reference-refused"])
        #expect(status(scene).state == .degraded)
        let text = "the token is not taken any more: 'https://api.test/me' answered 401; it is served all the same, have it reissued"
        #expect(status(scene).reason == text)
        guard case .trouble(.degraded, let reason)? = scene.rows.last else { return #expect(Bool(false), "no row") }
        #expect(reason == text)
        let waiter = try scene.get(name: GrantScene.pat)
        #expect(scene.token(waiter)?.token == Secret(Self.token))
    }

    @Test(
        arguments: [
            ([.good(expires: nil)], []), ([refused, refused], ["reference-refused"]),
            ([refused, .good(expires: nil)], ["reference-refused", "end of reference-refused"]),
            ([busy, busy], ["probe-unanswered"]), ([busy, .good(expires: nil)], ["probe-unanswered", "end of probe-unanswered"]),
            ([wrongClient, wrongClient], ["probe"]), ([wrongClient, busy, .good(expires: nil)], ["probe", "end of probe"]),
            ([busy, wrongClient], ["probe-unanswered", "end of probe-unanswered", "probe"]),
            ([refused, busy, refused], ["reference-refused", "probe-unanswered", "end of probe-unanswered"]),
            ([busy, refused], ["probe-unanswered", "end of probe-unanswered", "reference-refused"]),
        ] as [([TokenHealth], [String])])
    func `trouble is told once when it begins and once when it ends`(looks: [TokenHealth], expected: [String]) {
        var scene = scene()
        for health in looks { look(&scene, health) }
        #expect(told(scene) == expected)
    }

    @Test(arguments: [busy, wrongClient]) func `a look that brings nothing changes nothing`(health: TokenHealth) {
        var scene = scene()
        look(&scene, health)
        #expect(status(scene).state == .ready)
        look(&scene, Self.refused)
        look(&scene, health)
        #expect(status(scene).state == .degraded)
    }

    @Test func `a server that names a time is left alone for so long`() {
        var scene = scene(every: 60)
        let failure = ExchangeFailure(law: .answered(retryAfter: 900), reach: .credential, status: 429, text: "'https://api.test/me' answered 429")
        look(&scene, .unknown(failure))
        #expect(wait(&scene) == 900)
    }

    @Test func `trouble ends with its token`() {
        var replaced = scene()
        look(&replaced, Self.refused)
        configure(&replaced, ReferenceSettings.Probe(way: Self.me), value: "enrt_9876543210")
        #expect(told(replaced) == ["reference-refused", "end of reference-refused, gone"])
        #expect(status(replaced).state == .ready)
        var unwatched = scene()
        look(&unwatched, Self.refused)
        configure(&unwatched, nil)
        #expect(told(unwatched).last == "end of reference-refused, gone")
        #expect(status(unwatched).state == .ready)
        var removed = scene()
        look(&removed, Self.refused)
        var configuration = removed.ledger.configuration
        configuration.tokens[GrantScene.pat] = nil
        removed.run { $0.adopt(configuration, at: $1).turn }
        #expect(told(removed).last == "end of reference-refused, gone")
    }

    @Test func `another way of looking does not make a refused token good`() {
        var scene = scene()
        look(&scene, Self.refused)
        configure(&scene, ReferenceSettings.Probe(way: .introspection))
        #expect(status(scene).state == .degraded)
        look(&scene, .good(expires: nil))
        #expect(status(scene).state == .ready)
    }

    // MARK: its end

    @Test func `INT-06 the end that a server tells is warned about, where nobody else has said`() {
        var scene = scene(.introspection, expires: nil)
        let end = scene.now.wall + 20 * 86_400
        look(&scene, .good(expires: end))
        #expect(status(scene).loginUntil == end)
        #expect(status(scene).expires == .never, "a hint ends nothing")
        scene.due()
        let warned = scene.events.contains { if case .endsSoon(GrantScene.pat, end, _) = $0 { true } else { false } }
        #expect(warned)
    }

    @Test(arguments: [.never, .at(1_790_000_000 + 86_400 * 60)] as [Expiry]) func `what the configuration says is not overruled`(expires: Expiry) {
        var scene = scene(.introspection, expires: expires)
        look(&scene, .good(expires: scene.now.wall + 100_000))
        let end: Int64? = if case .at(let end) = expires { end } else { nil }
        #expect(status(scene).loginUntil == end)
    }
}
