import Secrets
import Systemd
import Testing
import TokenAudit
import TokenLedger
import TokenWire

@testable import TokenDaemon

/// The keeper with an asker that writes down what it hears, a recording audit, and a store on a disk.
@Suite struct TokenKeeperTests {
    private static let query = TokenQuery(name: "app.t0")
    private static let root = Caller(uid: 0, gid: 0, pid: 3)

    private func code(_ reply: Reply?) -> RefusalCode? { if case .refused(let refusal, _)? = reply { refusal.code } else { nil } }

    private func token(_ reply: Reply?) -> Secret? { if case .token(let served)? = reply { served.token } else { nil } }

    private func reply(_ taken: Taken) -> Reply? { if case .reply(let reply) = taken { reply } else { nil } }

    /// app.t0 is brought in, and that is on the disk.
    private func importing(_ house: SessionHouse, _ secret: String = "the-token-that-was-brought") throws {
        let alice = RecordingAsker(SessionHouse.alice)
        guard case .later = house.keeper.take(.importToken(name: "app.t0", token: Secret(secret), expires: nil), 1, from: alice) else {
            return #expect(Bool(false), "the disk is not waited for")
        }
        #expect(alice.replies.isEmpty)
        try house.turn { alice.replies[1] != nil }
    }

    @Test func `a refusal is answered at once, recorded, and tells the same of a token that is not there and of one that is not the caller's`() throws {
        let house = try SessionHouse()
        let stranger = RecordingAsker(Caller(uid: 7, gid: 7))
        #expect(code(reply(house.keeper.take(.get(Self.query), 1, from: stranger))) == .denied)
        #expect(code(reply(house.keeper.take(.get(TokenQuery(name: "no.such")), 2, from: stranger))) == .denied)
        #expect(code(reply(house.keeper.take(.get(Self.query), 3, from: RecordingAsker(SessionHouse.bob)))) == .expired)
        #expect(house.journal.events("refused").count == 3)
        #expect(house.journal.events("refused").last?[.consumerUID] == "1001")
    }

    @Test func `what comes later is heard under the number of its request, between turns`() throws {
        let house = try SessionHouse()
        try importing(house)
        let bob = RecordingAsker(SessionHouse.bob)
        #expect(token(reply(house.keeper.take(.get(Self.query), 4, from: bob))) == Secret("the-token-that-was-brought"))
        #expect(bob.replies.isEmpty)
    }

    @Test func `whoever has gone hears nothing`() throws {
        let house = try SessionHouse()
        let alice = RecordingAsker(SessionHouse.alice)
        guard case .later(let waiter) = house.keeper.take(.importToken(name: "app.t0", token: Secret("the-token"), expires: nil), 1, from: alice) else {
            return #expect(Bool(false))
        }
        house.keeper.withdraw([waiter])
        let bob = RecordingAsker(SessionHouse.bob)
        try house.turn { token(reply(house.keeper.take(.get(Self.query), 2, from: bob))) != nil }
        #expect(alice.replies.isEmpty)
    }

    @Test func `a watch tells trouble, then the token, and its end when the rule goes`() throws {
        let house = try SessionHouse()
        let bob = RecordingAsker(SessionHouse.bob)
        guard case .watching = house.keeper.take(.watch(Self.query), 1, from: bob) else { return #expect(Bool(false)) }
        try house.turn { !bob.rows.isEmpty }
        guard case .trouble("expired", _)? = bob.rows.last else { return #expect(Bool(false), "\(bob.rows.count)") }
        try importing(house)
        try house.turn { bob.rows.count > 1 }
        guard case .token(let served)? = bob.rows.last else { return #expect(Bool(false)) }
        #expect(served.token == Secret("the-token-that-was-brought"))
        var configuration = house.keeper.ledger.configuration
        for name in configuration.tokens.keys { configuration.tokens[name]?.allow.removeAll { $0.who.user?.name == "bob" } }
        house.keeper.adopt(configuration)
        try house.turn { bob.end != nil }
        #expect(bob.end?.code == .denied && house.keeper.watchers.isEmpty)
    }

    @Test func `a stop answers who waits, ends who watches, and begins nothing`() throws {
        let house = try SessionHouse()
        let bob = RecordingAsker(SessionHouse.bob)
        guard case .watching = house.keeper.take(.watch(Self.query), 1, from: bob) else { return #expect(Bool(false)) }
        house.keeper.stop()
        #expect(bob.end?.code == .stopping)
        #expect(code(reply(house.keeper.take(.watch(Self.query), 2, from: bob))) == .stopping)
    }

    // MARK: replies that are given again

    private func repeated(_ house: SessionHouse, _ line: String = "GET app.t0", by caller: Caller = SessionHouse.bob) -> Bool {
        Array(line.utf8).withUnsafeBytes { house.keeper.repeated($0, for: caller) != nil }
    }

    private func handedOut(_ house: SessionHouse, by caller: Caller = SessionHouse.bob) -> Bool {
        let taken = Array("GET app.t0".utf8).withUnsafeBytes { house.keeper.take(.get(Self.query), 1, from: RecordingAsker(caller), line: $0) }
        if case .reply(.token) = taken { return true }
        return false
    }

    @Test func `a reply is given again to the same line of the same kind of caller, and counted`() throws {
        let house = try SessionHouse()
        #expect(!handedOut(house), "there is no token yet")
        try importing(house)
        #expect(!repeated(house))
        #expect(handedOut(house) && repeated(house))
        #expect(!repeated(house, "GET app.t0 "))
        #expect(!repeated(house, by: SessionHouse.alice))
        var other = SessionHouse.bob
        other.pid = 99
        #expect(repeated(house, by: other))
        other.unit = .unit("job.service")
        #expect(!repeated(house, by: other))
        #expect(house.journal.events("handed-out").count == 1, "repeats are counted and told later")
    }

    @Test(arguments: ["sign-out", "another token", "reload", "dropped"])
    func `a reply is not given again after`(_ event: String) throws {
        let house = try SessionHouse()
        try importing(house)
        #expect(handedOut(house) && repeated(house))
        switch event {
        case "sign-out":
            let alice = RecordingAsker(SessionHouse.alice)
            _ = house.keeper.take(.logout(name: "app.t0"), 1, from: alice)
            try house.turn { alice.replies[1] != nil }
        case "another token": try importing(house, "another-token-brought")
        case "reload": house.keeper.adopt(house.keeper.ledger.configuration)
        default: house.keeper.dropReplies(all: true)
        }
        #expect(!repeated(house))
    }

    @Test func `nothing is handed out for the first time that cannot be recorded, where the audit is required`() throws {
        let house = try SessionHouse()
        try importing(house)
        house.keeper.audit.isRequired = true
        house.journal.isOpen = false
        #expect(!handedOut(house))
        #expect(code(reply(house.keeper.take(.get(Self.query), 1, from: RecordingAsker(SessionHouse.bob)))) == .unavailable)
        house.journal.isOpen = true
        #expect(handedOut(house))
    }

    // MARK: administrators

    @Test func `RENEW, RELOAD, EXPLAIN and METRICS are for administrators`() throws {
        let house = try SessionHouse()
        for request in [Request.renew(name: "app.t0"), .reload, .explain(ExplainQuery(name: "app.t0", uid: 1)), .metrics] {
            #expect(code(reply(house.keeper.take(request, 1, from: RecordingAsker(SessionHouse.alice)))) == .denied)
        }
        let root = RecordingAsker(Self.root)
        #expect(code(reply(house.keeper.take(.reload, 1, from: root))) == .internal, "there is nothing to reload from")
        house.keeper.reload = { answer in answer(.ok(words: ["7"])) }
        guard case .later = house.keeper.take(.reload, 2, from: root) else { return #expect(Bool(false)) }
        #expect(root.replies.isEmpty, "never while the question is put")
        try house.turn { root.replies[2] != nil }
    }

    @Test func `RENEW reads the secrets first, and looks again whether the token is still there`() throws {
        let house = try SessionHouse()
        let root = RecordingAsker(Self.root)
        var answers: [(Result<Bool, TokenKeeper.SecretsUnread>) -> Void] = []
        house.keeper.readSecrets = { _, answer in answers.append(answer) }
        for number: UInt64 in 1...2 {
            guard case .later = house.keeper.take(.renew(name: "app.t0"), number, from: root) else { return #expect(Bool(false)) }
        }
        #expect(code(reply(house.keeper.take(.renew(name: "no.such"), 3, from: root))) == .denied)
        answers[0](.failure(TokenKeeper.SecretsUnread(refusal: Refusal(.badConfig, [], "no"), rows: [.text("a line")])))
        var configuration = house.keeper.ledger.configuration
        configuration.tokens = [:]
        house.keeper.adopt(configuration)
        answers[1](.success(true))
        try house.turn { root.replies.count == 2 }
        #expect(code(root.replies[1]) == .badConfig)
        #expect(code(root.replies[2]) == .denied)
    }
}
