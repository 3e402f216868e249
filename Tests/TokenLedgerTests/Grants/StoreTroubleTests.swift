import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// What happens when the disk does not take what must be kept.
@Suite struct StoreTroubleTests {
    @Test func `a full disk shows before anything is sent`() throws {
        var scene = GrantScene.signedIn()
        scene.diskAnswer = .failure(GrantScene.full)
        let waiter = try scene.get()
        #expect(scene.plans.isEmpty)
        #expect(scene.refusal(waiter)?.code == .unavailable)
        #expect(scene.reason(waiter) == "store")
        #expect(scene.events.contains { if case .storeFailed = $0 { true } else { false } })
        scene.diskAnswer = .success(())
        scene.pass(400)
        let later = try scene.get()
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.token(later) != nil)
        #expect(scene.events.contains { if case .storeRecovered = $0 { true } else { false } })
    }

    @Test func `an intent that is not durable within ten seconds sends nothing, and what is held is served`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.grant("access-1", refresh: "refresh-2", life: 3600)
        try scene.get()
        scene.diskAnswer = nil
        scene.pass(2900)
        scene.due()
        #expect(scene.jobs.count == 1)
        scene.pass(11)
        scene.due()
        #expect(scene.state == .degraded)
        let waiter = try scene.get()
        #expect(scene.token(waiter)?.token == Secret("access-1"))
        // it becomes durable after all: nothing was sent, so it goes
        scene.finishJobs()
        #expect(scene.plans.count == 1)
        scene.diskAnswer = .success(())
        scene.finishJobs()
        #expect(scene.intents.isEmpty)
    }

    @Test func `RT-05 a successor that the disk refuses is written again until it is there, and only then is its token used`() throws {
        var scene = GrantScene.signedIn()
        let waiter = try scene.get()
        scene.diskAnswer = .failure(GrantScene.full)
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.reason(waiter) == "store")
        #expect(scene.stored() == "refresh-1")
        scene.pass(3)
        scene.due()
        let second = try scene.get()
        #expect(scene.answers[second] == nil)
        scene.diskAnswer = .success(())
        scene.pass(5)
        scene.due()
        #expect(scene.stored() == "refresh-2")
        #expect(scene.token(second)?.token == Secret("access-1"))
        #expect(scene.plans.count == 1)
    }

    @Test func `RT-05 a successor that the disk refuses is written again after 1, 2, 4 and so on up to 30 s`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.diskAnswer = nil
        scene.grant("access-1", refresh: "refresh-2")
        for pause in [1.0, 2, 4, 8, 16, 30, 30] {
            #expect(scene.jobs.count == 1)
            scene.finishJobs(.failure(GrantScene.full))
            scene.pass(pause - 0.5)
            scene.due()
            #expect(scene.jobs.isEmpty)
            scene.pass(1)
            scene.due()
        }
        scene.finishJobs()
        #expect(scene.stored() == "refresh-2")
    }

    @Test func `RT-05 a successor that is not durable within two seconds is told of, and its callers do not wait for the disk`() throws {
        var scene = GrantScene.signedIn()
        let waiter = try scene.get()
        scene.diskAnswer = nil
        scene.grant("access-1", refresh: "refresh-2")
        scene.pass(2.5)
        scene.due()
        #expect(scene.reason(waiter) == "store")
        #expect(scene.events.contains { if case .storeFailed = $0 { true } else { false } })
        scene.finishJobs()
        #expect(scene.events.contains { if case .storeRecovered = $0 { true } else { false } })
        let later = try scene.get()
        #expect(scene.token(later)?.token == Secret("access-1"))
    }

    @Test func `RT-05 what the store notes beside a successor is told`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.diskAnswer = nil
        scene.grant("access-1", refresh: "refresh-2")
        let task = try #require(scene.jobs.last)
        scene.take(scene.ledger.stored(StoreReport(id: task.id, result: .success(()), note: "cannot sync it; it was written anew"), at: scene.now))
        #expect(scene.events.contains { if case .storeNote(GrantScene.user, "cannot sync it; it was written anew") = $0 { true } else { false } })
    }

    @Test func `the trouble is over with the next intent that is durable, where a server never rotates, and a second one is told too`() throws {
        var scene = GrantScene.signedIn(GrantScene.record(ago: -1_000_000))
        for _ in 1...2 {
            scene.diskAnswer = .failure(GrantScene.full)
            try scene.get()
            scene.diskAnswer = .success(())
            scene.pass(4000)
            let waiter = try scene.get()
            scene.grant("access-1")
            #expect(scene.token(waiter) != nil)
            scene.pass(4000)
        }
        let told = scene.events.compactMap { event -> Bool? in
            switch event {
            case .storeFailed: true
            case .storeRecovered: false
            default: nil
            }
        }
        #expect(told == [true, false, true, false])
    }

    @Test func `an intent that the store has not reported is waited for once: the next refresh takes nobody's place`() throws {
        var scene = GrantScene.signedIn()
        scene.diskAnswer = nil
        try scene.get()
        scene.pass(11)
        scene.due()
        scene.pass(400)
        let waiter = try scene.get(wait: 5)
        #expect(scene.reason(waiter) == "store")
        #expect(scene.ledger.exchanges.exchangeCount == 0 && scene.jobs.count == 1)
        scene.diskAnswer = .success(())
        scene.finishJobs()
        scene.pass(400)
        let later = try scene.get()
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.token(later) != nil)
    }

    @Test func `while the store hangs over another token, who waits goes on waiting, and who cannot is told so`() throws {
        let other = TokenName("portal.other")!
        let configuration = GrantScene.configuration().with(other, like: GrantScene.user)
        var scene = GrantScene()
        scene.run { $0.adopt(configuration, at: $1).turn }
        var record = GrantScene.record()
        record.name = other
        scene.run { [record] in $0.restore([.record(GrantScene.record(), nil), .record(record, nil)], at: $1) }
        scene.diskAnswer = nil
        try scene.get()
        scene.pass(11)
        scene.due()
        let impatient = try scene.get(wait: 5, name: other)
        #expect(scene.reason(impatient) == "store")
        #expect(scene.refusal(impatient)?.text == "the store has not answered an earlier job")
        let query = try scene.ledger.policy.authorise(TokenQuery(name: other.description, wait: 60), for: GrantScene.alice).get()
        for (waiter, patience) in [(501, Waiter.Patience.ready), (502, .token)] as [(UInt64, Waiter.Patience)] {
            scene.run { $0.ask(query, waiter: waiter, patience: patience, at: $1) }
        }
        #expect(scene.ledger.exchanges.exchangeCount == 0 && scene.jobs.count == 1)
        scene.diskAnswer = .success(())
        scene.finishJobs()
        scene.pass(20)
        scene.due()
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.token(501) != nil && scene.token(502) != nil)
    }

    @Test func `refreshes whose answer is here keep no place from other exchanges`() throws {
        var configuration = GrantScene.configuration()
        let user = try #require(configuration.tokens[GrantScene.user])
        let names = (0..<ExchangeScheduler.mostInFlight).map { TokenName("app\($0).user")! }
        for (number, name) in names.enumerated() {
            configuration.applications["app\(number)"] = Scene.application("app\(number)", issuer: "https://id\(number).test")
            var token = user
            token.name = name
            configuration.tokens[name] = token
        }
        var scene = GrantScene()
        scene.run { $0.adopt(configuration, at: $1).turn }
        scene.run { ledger, now in
            ledger.restore(
                names.enumerated().map { number, name in
                    var record = GrantScene.record()
                    (record.name, record.binding.server, record.binding.clientID) = (name, "https://id\(number).test", "app\(number)")
                    return .record(record, nil)
                } + [.record(GrantScene.record(), nil)], at: now)
        }
        for name in names { try scene.get(name: name) }
        #expect(scene.plans.count == ExchangeScheduler.mostInFlight)
        try scene.get()
        #expect(scene.plans.count == ExchangeScheduler.mostInFlight)
        scene.diskAnswer = nil
        for plan in scene.plans { scene.answer(.success(IssuedTokens(accessToken: Secret("a"), lifetime: 100, scopes: nil)), successor: "next", to: plan) }
        #expect(scene.ledger.exchanges.exchangeCount == ExchangeScheduler.mostInFlight + 1)
        #expect(scene.jobs.contains { if case .prepare(GrantScene.user, _) = $0.job { true } else { false } })
    }

    @Test(arguments: [AtRisk.Act.refresh, .signOut, .importing])
    func `what the end of the daemon cuts off is named after what to do about it`(_ act: AtRisk.Act) throws {
        var scene = GrantScene.signedIn()
        if act == .refresh { try scene.get() }
        scene.diskAnswer = nil
        let settings = try #require(scene.ledger.configuration.tokens[GrantScene.user])
        switch act {
        case .refresh: scene.grant("access-1", refresh: "refresh-2")
        case .importing: _ = scene.request { $0.importToken(settings, Secret("refresh-7"), expires: nil, for: GrantScene.alice, waiter: $1, at: $2) }
        case .signOut, .signIn: _ = scene.request { $0.logout(GrantScene.user, for: GrantScene.alice, waiter: $1, at: $2) }
        }
        #expect(scene.ledger.atRisk == [AtRisk(token: GrantScene.user, act: act)])
        // also while it waits for its next try; the end makes one at once
        scene.finishJobs(.failure(GrantScene.halfway))
        #expect(scene.ledger.atRisk == [AtRisk(token: GrantScene.user, act: act)] && scene.ledger.isSpending)
        scene.run { ledger, _ in ledger.stop() }
        if act == .refresh { scene.settleDown() }
        scene.finishJobs()
        #expect(scene.ledger.atRisk.isEmpty && !scene.ledger.isSpending)
    }

    @Test func `each has its own remedy`() {
        let texts = [AtRisk.Act.refresh, .signIn, .signOut, .importing].map { AtRisk(token: GrantScene.user, act: $0).text }
        for (text, remedy) in zip(texts, ["login", "login", "logout", "import"]) { #expect(text.hasSuffix(": tokenctl \(remedy) portal.user")) }
        #expect(Set(texts).count == 4)
    }

    @Test func `at the end of the daemon nothing new is sent, and what is with the server comes to the disk`() throws {
        var scene = GrantScene.signedIn()
        let waiter = try scene.get()
        scene.run { ledger, _ in ledger.stop() }
        #expect(scene.refusal(waiter)?.code == .stopping)
        #expect(scene.ledger.isSpending)
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.stored() == "refresh-2")
        #expect(!scene.ledger.isSpending)
    }

    @Test func `an intent that becomes durable after the end has begun sends nothing`() throws {
        var scene = GrantScene.signedIn()
        scene.diskAnswer = nil
        try scene.get()
        scene.run { ledger, _ in ledger.stop() }
        #expect(scene.ledger.isSpending)
        scene.diskAnswer = .success(())
        scene.finishJobs()
        #expect(scene.plans.isEmpty && scene.intents.isEmpty)
        #expect(!scene.ledger.isSpending)
    }
}
