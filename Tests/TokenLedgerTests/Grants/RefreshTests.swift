import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// One refresh token, spent once: the rules of rotation.
@Suite struct RefreshTests {
    @Test func `RT-01 RT-14 a caller of a sign-in gets a refresh with the stored token, and never that token itself`() throws {
        var scene = GrantScene.signedIn()
        let waiter = try scene.get()
        #expect(scene.sentToken == "refresh-1")
        guard case .refresh(_, let scopes, nil, true)? = scene.plans.last?.grant else { return #expect(Bool(false), "no refresh") }
        #expect(scopes.isEmpty)
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.token(waiter)?.token == Secret("access-1"))
    }

    @Test func `the intent is on the disk before anything is sent`() throws {
        var scene = GrantScene.signedIn()
        scene.diskAnswer = nil
        try scene.get()
        #expect(scene.plans.isEmpty)
        guard case .prepare(GrantScene.user, let intent)? = scene.jobs.first?.job else { return #expect(Bool(false), "no intent") }
        #expect(intent.attempt == 1 && intent.token == Scene.fingerprint(Secret("refresh-1")))
        scene.finishJobs()
        #expect(scene.sentToken == "refresh-1")
    }

    @Test func `RT-04 a successor is on the disk before its access token is handed to anybody`() throws {
        var scene = GrantScene.signedIn()
        let waiter = try scene.get()
        scene.diskAnswer = nil
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.answers[waiter] == nil)
        scene.finishJobs()
        #expect(scene.token(waiter)?.token == Secret("access-1"))
        #expect(scene.stored() == "refresh-2")
        #expect(scene.disk[GrantScene.user]?.spent == Scene.fingerprint(Secret("refresh-1")))
        #expect(scene.intents.isEmpty)
    }

    @Test func `RT-02 the next refresh sends the new token, and the spent one is kept nowhere`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.grant("access-1", refresh: "refresh-2", life: 100)
        scene.pass(90)
        try scene.get()
        #expect(scene.sentToken == "refresh-2")
        scene.grant("access-2", refresh: "refresh-3", life: 100)
        #expect(scene.stored() == "refresh-3")
        #expect(scene.disk[GrantScene.user]?.generation == 3)
    }

    @Test func `RT-03 an answer without a refresh token leaves the present one, and the intent goes`() throws {
        var scene = GrantScene.signedIn()
        let waiter = try scene.get()
        scene.grant("access-1")
        #expect(scene.token(waiter) != nil)
        #expect(scene.stored() == "refresh-1")
        #expect(scene.intents.isEmpty)
        scene.pass(4000)
        try scene.get()
        #expect(scene.plans.count == 2 && scene.sentToken == "refresh-1")
    }

    @Test func `RT-03 the same refresh token again is no rotation`() throws {
        var scene = GrantScene.signedIn()
        let waiter = try scene.get()
        scene.grant("access-1", refresh: "refresh-1")
        #expect(scene.token(waiter) != nil)
        #expect(scene.stored() == "refresh-1")
        #expect(scene.disk[GrantScene.user]?.spent == nil)
    }

    @Test func `RT-06 any number of callers cause one refresh, and all get its token`() throws {
        var scene = GrantScene.signedIn()
        let waiters = try (1...200).map { _ in try scene.get() }
        #expect(scene.plans.count == 1)
        scene.grant("access-1", refresh: "refresh-2")
        #expect(waiters.allSatisfy { scene.token($0)?.token == Secret("access-1") })
    }

    @Test func `RT-06 a caller that leaves cancels nothing`() throws {
        var scene = GrantScene.signedIn()
        let waiter = try scene.get()
        scene.ledger.withdraw(waiter: waiter)
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.stored() == "refresh-2")
    }

    @Test func `RT-06 a second audience waits for the first refresh and sends what that one brought`() throws {
        var scene = GrantScene.signedIn { token, _ in token.audiences = ["https://a.test", "https://b.test"] }
        try scene.get()
        let query = TokenQuery(name: "portal.user", audience: "https://b.test")
        scene.take(scene.ledger.ask(try scene.ledger.policy.authorise(query, for: GrantScene.alice).get(), waiter: 900, at: scene.now))
        #expect(scene.plans.count == 1)
        scene.grant("access-a", refresh: "refresh-2")
        #expect(scene.plans.count == 2)
        #expect(scene.sentToken == "refresh-2")
        guard case .refresh(_, _, let audience?, _)? = scene.plans.last?.grant else { return #expect(Bool(false), "no audience") }
        #expect(audience.value == "https://b.test")
        scene.grant("access-b", refresh: "refresh-3")
        #expect(scene.token(900)?.token == Secret("access-b"))
        #expect(scene.stored() == "refresh-3")
    }

    @Test func `RT-11 a failure before anything was sent is tried again with the same token`() throws {
        var scene = GrantScene.signedIn()
        let waiter = try scene.get()
        scene.answer(.failure(Scene.unreachable))
        #expect(scene.refusal(waiter)?.code == .unavailable)
        #expect(scene.intents.isEmpty)
        scene.pass(400)
        try scene.get()
        #expect(scene.sentToken == "refresh-1")
    }

    @Test func `an answer of 503 spends nothing, and Retry-After is kept`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.answer(.failure(ExchangeFailure(law: .answered(retryAfter: 120), reach: .server, status: 503, text: "answered 503")))
        #expect(scene.intents.isEmpty)
        scene.pass(100)
        try scene.get(wait: 0)
        #expect(scene.plans.count == 1)
        scene.pass(30)
        try scene.get()
        #expect(scene.plans.count == 2 && scene.sentToken == "refresh-1")
    }

    // MARK: a lost answer

    @Test func `RT-12 after a lost answer the token is replayed once, not before the exchange can be over at the server`() throws {
        var scene = GrantScene.signedIn()
        let waiter = try scene.get()
        scene.answer(.failure(GrantScene.lost))
        #expect(scene.refusal(waiter)?.code == .unavailable)
        #expect(scene.intents[GrantScene.user]?.attempt == 1)
        scene.pass(89)
        try scene.get(wait: 0)
        #expect(scene.plans.count == 1)
        scene.pass(2)
        try scene.get()
        #expect(scene.plans.count == 2 && scene.sentToken == "refresh-1")
        #expect(scene.intents[GrantScene.user]?.attempt == 2)
    }

    @Test func `RT-12 a replay that the server takes heals everything`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.answer(.failure(GrantScene.lost))
        scene.pass(91)
        let waiter = try scene.get()
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.token(waiter) != nil)
        #expect(scene.stored() == "refresh-2" && scene.intents.isEmpty)
    }

    @Test func `RT-12 an answer that came whole and is of no use is named, and not said to be lost`() throws {
        var unusable = GrantScene.lost
        unusable.text = "'https://id.test/token' answered 200, but the answer is a form, not JSON"
        unusable.cameWhole = true
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.answer(.failure(unusable))
        scene.pass(91)
        let waiter = try scene.get()
        scene.answer(.failure(GrantScene.invalidGrant))
        #expect(scene.reason(waiter) == "refresh-refused")
        #expect(scene.refusal(waiter)?.text.contains("answered 200, but the answer is a form, not JSON") == true)
    }

    @Test func `RT-12 a replay that the server refuses ends in answer-lost at once`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.answer(.failure(GrantScene.lost))
        scene.pass(91)
        let waiter = try scene.get()
        scene.answer(.failure(GrantScene.invalidGrant))
        #expect(scene.refusal(waiter)?.code == .loginRequired)
        #expect(scene.reason(waiter) == "answer-lost")
        #expect(scene.state == .loginRequired)
        scene.pass(100_000)
        scene.due()
        try scene.get()
        #expect(scene.plans.count == 2)
        #expect(scene.stored() == "refresh-1")
    }

    @Test func `RT-12 while outcomes stay unknown the token is replayed with growing pauses, and nobody is asked to sign in`() throws {
        var longest = 0.0
        for seed in 1...10 as ClosedRange<UInt64> {
            var scene = GrantScene.signedIn(seed: seed)
            try scene.get(wait: 0)
            var pauses: [Double] = []
            for attempt in 1...12 {
                #expect(scene.intents[GrantScene.user]?.attempt == attempt && scene.sentToken == "refresh-1")
                scene.answer(.failure(GrantScene.lost))
                #expect(scene.state == .unavailable)
                let next = try #require(scene.ledger.nextTry(scene.key, at: scene.now.boot))
                pauses.append(Double(next - scene.now.boot) / 1e9)
                scene.now = Moment(boot: next - 1, wall: scene.now.wall + Int64(pauses[attempt - 1]))
                let early = try scene.get(wait: 0)
                #expect(scene.refusal(early)?.code == .unavailable && scene.plans.count == attempt)
                scene.now.boot += 2
                try scene.get(wait: 0)
                #expect(scene.plans.count == attempt + 1)
            }
            #expect(pauses[0] == 90 && pauses.allSatisfy { $0 >= 90 && $0 <= 630 }, "the server must be done with the last one: \(pauses)")
            longest = max(longest, pauses.max() ?? 0)
            scene.grant("access-1", refresh: "refresh-2")
            #expect(scene.stored() == "refresh-2" && scene.intents.isEmpty && scene.state == .ready)
        }
        #expect(longest > 300)
    }

    @Test func `RT-12 RENEW brings the next replay as soon as the server must be done with the last one`() throws {
        var scene = GrantScene.signedIn()
        try scene.get(wait: 0)
        for _ in 1...8 {
            scene.answer(.failure(GrantScene.lost))
            scene.pass(700)
            try scene.get(wait: 0)
        }
        scene.answer(.failure(GrantScene.lost))
        scene.pass(6)
        scene.run { ledger, now in ledger.renew(GrantScene.user, of: Scene.root, waiters: { 99 }, wait: 300, at: now).1 }
        let before = scene.plans.count
        scene.pass(83)
        scene.due()
        #expect(scene.plans.count == before)
        scene.pass(2)
        scene.due()
        #expect(scene.plans.count == before + 1)
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.token(99) != nil)
    }

    @Test func `RT-12 RENEW asks the server once more after answer-lost, and a second no ends it at once`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.answer(.failure(GrantScene.lost))
        scene.pass(91)
        try scene.get()
        scene.answer(.failure(GrantScene.invalidGrant))
        scene.pass(10)
        scene.run { ledger, now in ledger.renew(GrantScene.user, of: Scene.root, waiters: { 98 }, wait: 30, at: now).1 }
        #expect(scene.plans.count == 3)
        scene.answer(.failure(GrantScene.invalidGrant))
        #expect(scene.reason(98) == "answer-lost")
        scene.pass(10)
        scene.run { ledger, now in ledger.renew(GrantScene.user, of: Scene.root, waiters: { 99 }, wait: 30, at: now).1 }
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.token(99) != nil && scene.state == .ready)
    }

    @Test func `RT-12 a page of a gateway, a refused client or a pause asked for leaves the doubt as it is`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.answer(.failure(GrantScene.lost))
        for failure in [Scene.page, Scene.wrongSecret, Scene.busyServer, Scene.unreachable] {
            scene.pass(3_700)
            try scene.get()
            scene.answer(.failure(failure))
            #expect(scene.intents[GrantScene.user]?.attempt == 1, "\(failure.text)")
        }
        scene.pass(3_700)
        let waiter = try scene.get()
        scene.answer(.failure(GrantScene.invalidGrant))
        #expect(scene.reason(waiter) == "answer-lost")
    }

    @Test func `RT-12 a replay that was not sent, or only put off, is not the one replay`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.answer(.failure(GrantScene.lost))
        for failure in [Scene.unreachable, Scene.busyServer] {
            scene.pass(400)
            try scene.get()
            #expect(scene.intents[GrantScene.user]?.attempt == 2)
            scene.answer(.failure(failure))
            #expect(scene.intents[GrantScene.user]?.attempt == 1)
        }
        scene.pass(400)
        let waiter = try scene.get()
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.token(waiter) != nil)
    }

    /// A token that is held and in use, whose renewal has begun.
    private func renewing(life: Int64, after seconds: Double) throws -> GrantScene {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.grant("access-1", refresh: "refresh-2", life: life)
        try scene.get()
        scene.pass(seconds)
        scene.due()
        #expect(scene.plans.count == 2, "the renewal has begun")
        return scene
    }

    @Test func `while a token is held the replay waits until little of it is left`() throws {
        var scene = try renewing(life: 3600, after: 2900)
        scene.answer(.failure(GrantScene.lost))
        scene.pass(300)
        scene.due()
        #expect(scene.plans.count == 2)
        scene.pass(45)
        scene.due()
        #expect(scene.plans.count == 3)
    }

    @Test func `a rejected token has the replay made as soon as it may be`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.grant("access-1", refresh: "refresh-2", life: 36_000)
        try scene.get()
        scene.pass(29_000)
        scene.due()
        scene.answer(.failure(GrantScene.lost))
        scene.pass(100)
        let query = try scene.ledger.policy.authorise(name: "portal.user", for: GrantScene.alice).get()
        let waiter = scene.request { ledger, waiter, now in ledger.reject(query, id: nil, waiter: waiter, at: now).1 }
        #expect(scene.plans.count == 3)
        scene.grant("access-2", refresh: "refresh-3")
        #expect(scene.token(waiter)?.token == Secret("access-2"))
    }

    // MARK: a definite no

    @Test func `RT-10 a refused token is tried again after 1, 10 and 60 minutes, and then a person is needed`() throws {
        var scene = GrantScene.signedIn()
        var waiter = try scene.get()
        for pause in [60.0, 600, 3600] {
            scene.answer(.failure(GrantScene.invalidGrant))
            #expect(scene.refusal(waiter)?.code == .unavailable)
            #expect(scene.stored() == "refresh-1")
            let before = scene.plans.count
            scene.pass(pause - 1)
            try scene.get(wait: 0)
            #expect(scene.plans.count == before)
            scene.pass(2)
            waiter = try scene.get()
            #expect(scene.plans.count == before + 1)
        }
        scene.answer(.failure(GrantScene.invalidGrant))
        #expect(scene.refusal(waiter)?.code == .loginRequired)
        #expect(scene.reason(waiter) == "refresh-refused")
        #expect(scene.refusal(waiter)?.fields.contains(Field("oauth-error", "invalid_grant")) == true)
        #expect(scene.stored() == "refresh-1" && scene.ledger.grants[GrantScene.user]?.refreshToken == Secret("refresh-1"))
        #expect(scene.events.contains { if case .loginRequired(GrantScene.user, _) = $0 { true } else { false } })
    }

    @Test func `ERR-07 RT-09 RT-10 the access token that is still valid is served on through all of it`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.grant("access-1", refresh: "refresh-2", life: 36_000)
        try scene.get()
        scene.pass(29_000)
        for pause in [61.0, 601, 3601, 10] {
            scene.due()
            scene.answer(.failure(GrantScene.invalidGrant))
            let waiter = try scene.get()
            #expect(scene.token(waiter)?.token == Secret("access-1"))
            scene.pass(pause)
        }
        #expect(scene.state == .degraded)
        scene.pass(5_000)
        scene.due()
        #expect(scene.state == .loginRequired)
    }

    @Test func `RT-09 while a renewal is under way the present token is served, to whom it lasts long enough`() throws {
        var scene = try renewing(life: 36_000, after: 29_000)
        for minValid in [nil, 60, 6_900] as [Int?] {
            let waiter = try scene.get(minValid: minValid)
            #expect(scene.token(waiter)?.token == Secret("access-1"), "\(minValid ?? 0)")
        }
        let demanding = try scene.get(minValid: 7_100)
        #expect(scene.answers[demanding] == nil && scene.plans.count == 2)
        scene.grant("access-2", refresh: "refresh-3", life: 36_000)
        #expect(scene.token(demanding)?.token == Secret("access-2"))
        let next = try scene.get()
        #expect(scene.token(next)?.token == Secret("access-2"))
    }

    enum Change: CaseIterable {
        case nothing, anotherToken, itsRules, itself
        func change(_ configuration: Configuration) -> Configuration {
            var next = configuration
            switch self {
            case .nothing: break
            case .anotherToken: next = next.with(TokenName("portal.other")!, like: GrantScene.user)
            case .itsRules: next.tokens[GrantScene.user]?.allow.removeLast()
            case .itself: next.applications["portal"]?.client.authentication = .post(Secret("another"))
            }
            return next
        }
    }

    @Test(arguments: Change.allCases) func `RT-10 a reload has a refused token tried again only where that token changes`(_ reload: Change) throws {
        // in the pause after the first refusal, and after the last one
        for refusals in [1, 4] {
            var scene = GrantScene.signedIn()
            try scene.get()
            for pause in [61.0, 601, 3601].prefix(refusals - 1) {
                scene.answer(.failure(GrantScene.invalidGrant))
                scene.pass(pause)
                try scene.get()
            }
            scene.answer(.failure(GrantScene.invalidGrant))
            scene.pass(10)
            let next = reload.change(scene.ledger.configuration)
            scene.run { $0.adopt(next, at: $1).turn }
            let waiter = try scene.get()
            #expect(scene.plans.count == refusals + (reload == .itself ? 1 : 0), "after \(refusals)")
            if reload != .itself { #expect(scene.refusal(waiter)?.code == (refusals == 1 ? .unavailable : .loginRequired)) }
        }
    }

    @Test func `an administrator can have a refused token tried once more`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        for pause in [61.0, 601, 3601, 10] {
            scene.answer(.failure(GrantScene.invalidGrant))
            scene.pass(pause)
            try scene.get()
        }
        #expect(scene.state == .loginRequired)
        scene.run { ledger, now in ledger.renew(GrantScene.user, of: Scene.root, waiters: { 99 }, wait: 30, at: now).1 }
        let waiter = try scene.get()
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.token(waiter) != nil)
    }

    @Test(arguments: ["interaction_required", "login_required", "consent_required", "invalid_token", "bad_refresh_token", "invalid_request"])
    func `RT-10 a word that is about the person asks for the person at once, and is tried on all the same`(word: String) throws {
        let failure = ExchangeFailure(law: .no, reach: .credential, oauthError: word, status: 400, text: "'https://id.test/token' answered 400 \(word)")
        var scene = GrantScene.signedIn()
        var waiter = try scene.get()
        for pause in [60.0, 600, 3600] {
            scene.answer(.failure(failure))
            #expect(scene.refusal(waiter)?.code == .loginRequired)
            #expect(scene.reason(waiter) == "refresh-refused")
            #expect(scene.refusal(waiter)?.fields.contains(Field("oauth-error", word)) == true)
            let before = scene.plans.count
            scene.pass(pause - 1)
            let early = try scene.get(wait: 0)
            #expect(scene.refusal(early)?.code == .loginRequired && scene.refusal(early)?.fields.last == Field("retry-after", 1))
            #expect(scene.state == .loginRequired)
            #expect(scene.plans.count == before)
            scene.pass(2)
            waiter = try scene.get()
            #expect(scene.plans.count == before + 1)
        }
        scene.answer(.failure(failure))
        #expect(scene.refusal(waiter)?.code == .loginRequired && scene.state == .loginRequired)
        #expect(scene.events.count { if case .loginRequired(GrantScene.user, _) = $0 { true } else { false } } == 1, "told once")
        #expect(scene.stored() == "refresh-1")
    }

    @Test func `RT-10 what heals by itself asks for nobody any more`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.answer(
            .failure(ExchangeFailure(law: .no, reach: .credential, oauthError: "interaction_required", status: 400, text: "answered 400 interaction_required")))
        scene.pass(61)
        let waiter = try scene.get()
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.token(waiter) != nil && scene.state == .ready)
    }

    @Test func `RT-10 pages without a readable error are tried after 1, 10 and 60 minutes, then told, and tried on once an hour`() throws {
        var scene = GrantScene.signedIn()
        var waiter = try scene.get()
        for pause in [60.0, 600, 3600] {
            scene.answer(.failure(Scene.page))
            #expect(scene.refusal(waiter)?.code == .unavailable)
            scene.pass(pause - 1)
            let before = scene.plans.count
            try scene.get(wait: 0)
            #expect(scene.plans.count == before)
            scene.pass(2)
            waiter = try scene.get()
            #expect(scene.plans.count == before + 1)
        }
        for _ in 1...3 {
            scene.answer(.failure(Scene.page))
            #expect(scene.refusal(waiter)?.code == .refused && scene.state == .refused)
            scene.pass(3_590)
            let before = scene.plans.count
            try scene.get(wait: 0)
            #expect(scene.plans.count == before)
            scene.pass(11)
            waiter = try scene.get()
        }
        // an invalid_grant is the first of its kind
        scene.answer(.failure(GrantScene.invalidGrant))
        #expect(scene.refusal(waiter)?.code == .unavailable)
        #expect(scene.stored() == "refresh-1")
    }

    @Test(arguments: [true, false]) func `RT-10 a 400 without a word asks for the person after the last of those tries, and is tried on once an hour`(
        isInDoubt: Bool
    ) throws {
        let bare = ExchangeFailure(law: .silent, reach: .credential, status: 400, text: "'https://id.test/token' answered 400, without saying why")
        var scene = GrantScene.signedIn()
        var waiter = try scene.get()
        if isInDoubt {
            scene.answer(.failure(GrantScene.lost))
            scene.pass(91)
            waiter = try scene.get()
        }
        for pause in [61.0, 601, 3601] {
            scene.answer(.failure(bare))
            #expect(scene.refusal(waiter)?.code == .unavailable)
            scene.pass(pause)
            waiter = try scene.get()
        }
        for _ in 1...2 {
            scene.answer(.failure(bare))
            #expect(scene.refusal(waiter)?.code == .loginRequired && scene.state == .loginRequired)
            #expect(scene.reason(waiter) == (isInDoubt ? "answer-lost" : "refresh-refused"))
            scene.pass(3_601)
            waiter = try scene.get()
        }
        #expect(scene.events.count { if case .loginRequired(GrantScene.user, _) = $0 { true } else { false } } == 1, "told once")
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.token(waiter) != nil && scene.state == .ready)
    }

    @Test func `RT-13 a fault of the configuration keeps the token, and is tried once an hour`() throws {
        var scene = GrantScene.signedIn()
        let waiter = try scene.get()
        scene.answer(.failure(Scene.wrongSecret))
        #expect(scene.refusal(waiter)?.code == .refused)
        #expect(scene.stored() == "refresh-1" && scene.intents.isEmpty)
        scene.pass(3_590)
        scene.due()
        try scene.get()
        #expect(scene.plans.count == 1)
        scene.pass(11)
        let next = try scene.get()
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.token(next) != nil)
    }

    // MARK: a 200 that is of no use

    @Test func `a successor in an unusable answer is kept first, and the old token is never sent again`() throws {
        var scene = GrantScene.signedIn()
        let waiter = try scene.get()
        scene.answer(
            .failure(ExchangeFailure(law: .configuration, reach: .credential, status: 200, text: "answered 200, but with tokens of type 'mac'")),
            successor: "refresh-2")
        #expect(scene.stored() == "refresh-2")
        #expect(scene.refusal(waiter)?.code == .refused)
        scene.run { ledger, now in
            ledger.renew(GrantScene.user, of: Scene.root, waiters: { 99 }, wait: 30, at: Moment(boot: now.boot + .seconds(10), wall: now.wall)).1
        }
        scene.pass(20)
        try scene.get()
        #expect(scene.sentToken == "refresh-2")
    }

    @Test func `a malformed answer with a readable successor is no lost answer`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.answer(.failure(Scene.garbled), successor: "refresh-2")
        #expect(scene.stored() == "refresh-2" && scene.intents.isEmpty)
        scene.pass(10)
        try scene.get()
        #expect(scene.sentToken == "refresh-2")
        #expect(scene.intents[GrantScene.user]?.attempt == 1)
    }

    @Test func `RT-15 a narrowed refresh narrows the access token, never the grant`() throws {
        var scene = GrantScene.signedIn { _, signIn in signIn.narrow = true }
        let narrow = try scene.get(GrantScene.reader)
        guard case .refresh(_, let scopes, _, _)? = scene.plans.last?.grant else { return #expect(Bool(false), "no refresh") }
        #expect(scopes == ["openid", "read", "offline_access"])
        scene.grant("access-narrow", refresh: "refresh-2", scopes: ["openid", "read", "offline_access"])
        #expect(scene.token(narrow)?.scopes == ["openid", "read", "offline_access"])
        #expect(scene.disk[GrantScene.user]?.scopes == ["openid", "read", "update", "offline_access"])
        // a server that says nothing where nothing was asked for has granted everything again
        let whole = try scene.get()
        scene.grant("access-whole", refresh: "refresh-3")
        #expect(scene.token(whole)?.scopes == ["openid", "read", "update", "offline_access"])
    }

    @Test func `RT-15 only a refresh that asked for everything changes what is granted`() throws {
        var scene = GrantScene.signedIn()
        let waiter = try scene.get()
        scene.grant("access-1", refresh: "refresh-2", scopes: ["openid", "read", "update", "admin", "offline_access"])
        #expect(scene.token(waiter) != nil)
        #expect(scene.disk[GrantScene.user]?.scopes == ["openid", "read", "update", "admin", "offline_access"])
    }

    @Test func `TR-08 a token without a scope that was asked for is withheld, and its successor kept`() throws {
        var scene = GrantScene.signedIn()
        let waiter = try scene.get()
        scene.grant("access-1", refresh: "refresh-2", scopes: ["read"])
        #expect(scene.reason(waiter) == "missing-scope")
        #expect(scene.stored() == "refresh-2")
    }

    @Test(arguments: [["read"], ["read", "other"], ["openid", "update"]])
    func `TR-07 RT-15 an answer with fewer scopes withholds its own access token, and changes nothing of what the sign-in was granted`(fewer: [String]) throws {
        var scene = GrantScene.signedIn()
        let first = try scene.get()
        scene.grant("access-1", refresh: "refresh-2", scopes: fewer)
        #expect(scene.reason(first) == "missing-scope")
        scene.pass(3601)
        let second = try scene.get()
        scene.grant("access-2", refresh: "refresh-3")
        #expect(scene.token(second)?.token == Secret("access-2"))
        #expect(scene.disk[GrantScene.user]?.scopes == ["openid", "read", "update", "offline_access"])
        // more is granted from now on
        scene.pass(3601)
        try scene.get()
        scene.grant("access-3", refresh: "refresh-4", scopes: ["read", "update", "more"])
        #expect(scene.disk[GrantScene.user]?.scopes == ["read", "update", "more"])
    }

    @Test(
        arguments: [(["openid", "read"], "m.petrova", true), (["openid", "read"], nil, true), (["read"], nil, false), (["read"], "m.petrova", true)]
            as [([String], String?, Bool)])
    func `IDT-17 an ID token that nobody asked for is not looked at in a refresh either`(scopes: [String], subject: String?, isChecked: Bool) throws {
        var record = GrantScene.record(subject: subject)
        record.scopes = scopes
        record.idToken = Secret("a.b.c")
        var scene = GrantScene.signedIn(record) { token, _ in
            token.scopes = scopes
            token.allow[1].scopes = ["read"]
        }
        try scene.get()
        let plan = try #require(scene.plans.last)
        #expect((plan.identity != nil) == isChecked)
        if case .refresh(let checked, _)? = plan.identity { #expect(checked == subject) }
    }
}
