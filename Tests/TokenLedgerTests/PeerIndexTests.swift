import OAuth
import Testing
import TestSupport
@testable import TokenLedger
import TokenWire

/// Random rules and callers, few enough of each that they meet.
private struct Population {
    var random: SeededRandom

    init(_ seed: UInt64) { random = SeededRandom(seed) }

    static let units = [
        "a.service", "ab.service", "a@*.service", "a@1.service", "a*.service", "*.service", "b@*-x.service", "b@1-x.service", "a@1*.service",
        "worker@*.service",
    ]
    static let callerUnits = ["a.service", "ab.service", "a@1.service", "a@12.service", "b@1-x.service", "c.service", "worker@.service", "a@1-x.service"]

    mutating func number() -> UInt32 { UInt32.random(in: 1...5, using: &random) }

    mutating func pattern() -> PeerPattern {
        var pattern = PeerPattern()
        let id = Int.random(in: 0..<8, using: &random) == 0 ? nil : Optional(number())
        let keys = Int.random(in: 1...7, using: &random)
        if keys & 1 != 0 { pattern.user = NamedID(name: "u", id: id) }
        if keys & 2 != 0 { pattern.group = NamedID(name: "g", id: number()) }
        if keys & 4 != 0 { pattern.unit = UnitPattern(Self.units.randomElement(using: &random) ?? "a.service") }
        return pattern
    }

    mutating func caller() -> Caller {
        let unit: CallerUnit
        switch Int.random(in: 0..<8, using: &random) {
        case 0: unit = .failed
        case 1: unit = .none
        case 2: unit = .missed
        default: unit = .unit(Self.callerUnits.randomElement(using: &random) ?? "a.service")
        }
        if Int.random(in: 0..<4, using: &random) == 0 { return Caller(starting: unit, pid: 1) }
        let groups = (0..<Int.random(in: 0..<4, using: &random)).map { _ in number() }
        return Caller(uid: Int.random(in: 0..<10, using: &random) == 0 ? 0 : number(), gid: number(), groups: groups, unit: unit)
    }

    mutating func entries(_ count: Int) -> [AllowEntry] {
        (0..<count).map {
            AllowEntry(
                who: pattern(), scopes: Bool.random(using: &random) ? ["read"] : nil, login: Int.random(in: 0..<4, using: &random) == 0, place: "p.toml:\($0)")
        }
    }
}

@Suite struct PeerIndexTests {
    /// As a look through all entries finds it.
    private func share(of consumer: Consumer, _ entries: [AllowEntry]) -> Share {
        switch consumer {
        case .unit(let name): Share(.unit(entries.first { $0.who.unit?.matches(name) == true }?.who.unit?.description ?? name), consumer)
        case .uid(0), .shared, .probe: Share(.root, consumer)
        case .uid(let uid):
            if entries.contains(where: { $0.who.user?.id == uid }) {
                Share(.user(uid), consumer)
            } else if let group = entries.first(where: { $0.who.group != nil && $0.who.user == nil && $0.who.unit == nil })?.who.group?.id {
                Share(.group(group), consumer)
            } else {
                Share(.user(uid), consumer)
            }
        }
    }

    @Test(arguments: [3, 8, 30]) func `an index finds the share of whoever is not connected, and what is kept of it, as a look through all entries does`(
        _ count: Int
    ) throws {
        var population = Population(UInt64(count) + 100)
        let token = try #require(TokenName("portal.sync"))
        let consumers = (0...6).map { Consumer.uid($0) } + Population.callerUnits.map { .unit($0) } + [.shared, .probe]
        for _ in 0..<100 {
            let entries = population.entries(count)
            let policy = AccessPolicyTests.policy(entries)
            for consumer in consumers {
                #expect(policy.share(of: consumer, for: token) == share(of: consumer, entries), "\(consumer)")
                for scopes in [["read"], ["update", "read"], ["update"]] {
                    let key = CacheKey(token: token, consumer: consumer, scopes: scopes, audience: nil)
                    // few enough entries to be looked through
                    let alone = entries.compactMap { AccessPolicyTests.policy([$0]).present(key) }.first
                    #expect(policy.present(key)?.scopes == alone?.scopes, "\(consumer) \(scopes)")
                }
            }
        }
    }

    @Test func `a look at ten thousand rules costs about what a look at a few does for whoever is not connected`() throws {
        let token = try #require(TokenName("portal.sync"))
        let grown = growth(from: 10, to: 10_000) { count in
            let entries = (0..<count).map { AllowEntry(who: PeerPattern(user: NamedID(name: "u", id: 2_000 + UInt32($0))), place: "p.toml:\($0)") }
            let policy = AccessPolicyTests.policy(entries)
            return processorTime {
                for look in 0..<500 {
                    let uid = 2_000 + UInt32(look * 7_919 % count)
                    let key = CacheKey(token: token, consumer: .uid(uid), scopes: ["read", "update"], audience: nil)
                    #expect(policy.share(of: .uid(uid), for: token).entry == .user(uid) && policy.present(key) != nil)
                }
            }
        }
        #expect(grown < 20, "a look through all of them would grow a thousand times")
    }

    @Test(arguments: [3, 7, 8, 30])
    func `an index decides for every caller as a look through all entries in their order does`(_ count: Int) throws {
        var population = Population(UInt64(count))
        var allowed = 0
        for _ in 0..<60 {
            let entries = population.entries(count)
            let policy = AccessPolicyTests.policy(entries)
            let index = PeerIndex(entries.map(\.who))
            for _ in 0..<60 {
                let caller = population.caller()
                let expected = entries.firstIndex { $0.who.matches(caller) }
                #expect(index.first(for: caller) { entries[$0].who.matches(caller) } == expected, "\(caller)")
                #expect(index.firstWithAccount(for: caller) { entries[$0].who.mightMatch(caller) } == entries.firstIndex { $0.who.mightMatch(caller) })
                #expect(index.all(for: caller) { entries[$0].who.matches(caller) }.sorted() == entries.indices.filter { entries[$0].who.matches(caller) })
                let decision = try? policy.authorise(name: "portal.sync", for: caller).get()
                #expect(decision?.rule == expected.map { entries[$0].place }, "\(caller)")
                if let expected, let decision {
                    allowed += 1
                    #expect(decision.key.scopes == entries[expected].scopes ?? ["read", "update"])
                    let isUnits = entries[expected].who.unit != nil
                    let unit: Consumer? = if isUnits, case .unit(let name) = caller.unit { .unit(name) } else { nil }
                    #expect(decision.key.consumer == unit ?? .uid(caller.uid))
                }
                #expect(policy.maySignIn(caller) == entries.contains { $0.login && $0.who.matches(caller) })
                let isKnown = expected != nil || policy.isAdmin(caller)
                #expect(policy.isStranger(caller) == !isKnown)
                #expect((policy.share(of: caller).tier == .strangers) == !isKnown, "\(caller)")
            }
        }
        #expect(allowed > 500)
    }

    @Test func `a caller's tokens are those that some rule allows, in the order of their names`() {
        var population = Population(99)
        for _ in 0..<20 {
            var configuration = Configuration()
            for number in 0..<40 {
                guard let name = TokenName("portal.t\(number)") else { continue }
                configuration.tokens[name] = TokenSettings(name: name, grant: .clientCredentials, scopes: ["read"], allow: population.entries(number % 11))
            }
            let policy = AccessPolicy(configuration)
            for _ in 0..<60 {
                let caller = population.caller()
                let expected = configuration.tokens.values.filter { $0.allow.contains { $0.who.matches(caller) } }.map(\.name).sorted()
                #expect(Array(policy.tokens(for: caller)).map(\.key.token) == expected)
            }
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var caller: Caller
        var share: Share
        var testDescription: String { "\(caller)" }
    }

    static let shares: [Case] = [
        Case(caller: Caller(uid: 0, gid: 0), share: Share(.root, .uid(0))),
        Case(caller: Caller(uid: 7, gid: 7, groups: [20]), share: Share(.administrators, .uid(7))),
        Case(caller: Caller(uid: 1, gid: 1, groups: [20], unit: .unit("w@1.service")), share: Share(.unit("w@*.service"), .unit("w@1.service"))),
        Case(caller: Caller(uid: 1, gid: 1, groups: [20], unit: .unit("x.service")), share: Share(.user(1), .uid(1))),
        Case(caller: Caller(uid: 1, gid: 1, groups: [20]), share: Share(.user(1), .uid(1))),
        Case(caller: Caller(uid: 100_001, gid: 1, groups: [20]), share: Share(.group(20), .uid(100_001))),
        Case(caller: Caller(uid: 100_001, gid: 21), share: Share(.group(21), .uid(100_001))),
        Case(caller: Caller(uid: 2, gid: 2), share: Share(.strangers, .uid(2))),
        Case(caller: Caller(uid: 0, gid: 0, unit: .failed), share: Share(.strangers, .uid(0))),
        Case(caller: Caller(starting: .unit("w@1.service"), pid: 1), share: Share(.unit("w@*.service"), .unit("w@1.service"))),
    ]

    @Test(arguments: shares)
    func `a caller's share is named by the rule that names it most closely`(_ test: Case) {
        let rules = [AccessPolicyTests.group(20), AccessPolicyTests.group(21), AccessPolicyTests.user(1), AccessPolicyTests.unit("w@*.service")]
        let policy = AccessPolicyTests.policy(rules.map { AllowEntry(who: $0) }, admins: [AccessPolicyTests.user(7)])
        #expect(policy.share(of: test.caller) == test.share)
    }
}
