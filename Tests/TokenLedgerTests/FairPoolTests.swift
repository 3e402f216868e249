import Testing
import TestSupport
@testable import TokenLedger

@Suite struct FairPoolTests {
    static func alice(_ number: UInt32 = 1000) -> Share { Share(.user(number), .uid(number)) }
    static func member(_ uid: UInt32, of group: UInt32 = 20) -> Share { Share(.group(group), .uid(uid)) }
    static func stranger(_ uid: UInt32) -> Share { Share(.strangers, .uid(uid)) }
    static let root = Share(.root, .uid(0))
    static let administrator = Share(.administrators, .uid(5))
    static let unit = Share(.unit("erp.service"), .unit("erp.service"))

    /// 64 places: 16 for one group, 16 kept for users and units, 4 for administrators; 20 for one holder, 8 for strangers, 2 for each of them.
    static let bounds = FairPool.Bounds(capacity: 64, perHolder: 20, strangers: 8, perStranger: 2)

    struct Case: Sendable, CustomTestStringConvertible {
        var what: String
        var held: [(Share, Int)]
        var claimer: Share
        var amount = 1
        var claim: FairPool.Claim
        var testDescription: String { what }
    }

    static let cases: [Case] = [
        Case(what: "there is room", held: [], claimer: alice(), claim: .granted),
        Case(what: "nothing is always granted", held: [(alice(), 20)], claimer: alice(), amount: 0, claim: .granted),
        Case(what: "more than there is", held: [], claimer: root, amount: 65, claim: .refused),
        Case(what: "all that one may hold", held: [(alice(), 20)], claimer: alice(), claim: .refused),
        Case(what: "all that one may hold, at once", held: [(alice(), 15)], claimer: alice(), amount: 6, claim: .refused),
        Case(what: "two strangers", held: [(stranger(1), 2)], claimer: stranger(2), claim: .granted),
        Case(what: "all that one stranger may hold", held: [(stranger(1), 2)], claimer: stranger(1), claim: .refused),
        Case(
            what: "strangers have their room, and the one who holds most gives way",
            held: [(stranger(1), 2), (stranger(2), 2), (stranger(3), 2), (stranger(4), 2)], claimer: stranger(5), claim: .takeFrom(stranger(1))),
        Case(
            what: "strangers who hold as little as the claimer would do not give way", held: (1...8).map { (stranger($0), 1) }, claimer: stranger(9),
            claim: .refused),
        Case(
            what: "a group has its room, and the one who holds most gives way", held: [(member(1), 15), (member(2), 1)], claimer: member(3),
            claim: .takeFrom(member(1))),
        Case(what: "whoever holds most of a group is refused", held: [(member(1), 15), (member(2), 1)], claimer: member(1), claim: .refused),
        Case(
            what: "a group of many uids is one share", held: (1...16).map { (member($0), 1) }, claimer: member(17), claim: .refused),
        Case(what: "another group has its own room", held: (1...16).map { (member($0), 1) }, claimer: member(1, of: 21), claim: .granted),
        Case(
            what: "room is kept for users and units", held: [(member(1, of: 21), 15), (member(2, of: 22), 14), (member(3, of: 23), 15)], claimer: member(9),
            claim: .takeFrom(member(1, of: 21))),
        Case(
            what: "a user comes into the room that is kept", held: [(member(1, of: 21), 15), (member(2, of: 22), 14), (member(3, of: 23), 15)],
            claimer: alice(), claim: .granted),
        Case(
            what: "room is kept for administrators", held: [(alice(1), 20), (alice(2), 20), (alice(3), 20)], claimer: unit, claim: .takeFrom(alice(1))),
        Case(what: "an administrator comes into it", held: [(alice(1), 20), (alice(2), 20), (alice(3), 20)], claimer: administrator, claim: .granted),
        Case(what: "root comes into it", held: [(alice(1), 20), (alice(2), 20), (alice(3), 20)], claimer: root, claim: .granted),
        Case(
            what: "of a full pool the one who holds most gives way", held: [(root, 4), (alice(1), 20), (alice(2), 19), (member(3), 16), (unit, 5)],
            claimer: unit, claim: .takeFrom(alice(1))),
        Case(
            what: "nobody drives out who holds less", held: [(root, 4), (alice(1), 20), (alice(2), 19), (member(3), 16), (unit, 5)],
            claimer: alice(2), claim: .refused),
        Case(
            what: "administrators keep what is kept for them", held: [(root, 2), (administrator, 2), (alice(1), 20), (alice(2), 20), (alice(3), 19)],
            claimer: alice(4), amount: 2, claim: .takeFrom(alice(1))),
        Case(
            what: "beyond that they give way as others do", held: [(root, 19), (administrator, 18), (alice(1), 12), (alice(2), 15)],
            claimer: unit, claim: .takeFrom(root)),
        Case(
            what: "so do users, for a group", held: [(alice(1), 20), (alice(2), 19), (alice(3), 20)], claimer: member(1), amount: 2,
            claim: .takeFrom(alice(1))),
        Case(
            what: "but not of what is kept for them", held: [(alice(1), 16), (member(1, of: 21), 15), (member(2, of: 22), 14), (member(3, of: 23), 15)],
            claimer: member(4, of: 24), claim: .takeFrom(member(1, of: 21))),
        Case(
            what: "much is taken from who holds more than that", held: [(alice(1), 20), (alice(2), 20), (alice(3), 15)], claimer: unit, amount: 10,
            claim: .takeFrom(alice(1))),
        Case(what: "but not from who holds less", held: [(alice(1), 20), (alice(2), 20), (alice(3), 15)], claimer: unit, amount: 20, claim: .refused),
    ]

    static func pool(holding held: [(Share, Int)]) -> FairPool {
        var pool = FairPool(bounds)
        for (share, amount) in held { #expect(pool.claim(amount, for: share) == .granted, "\(share) \(amount)") }
        return pool
    }

    @Test(arguments: cases)
    func `over the share the one who holds most gives way, never the next who comes`(_ test: Case) {
        var pool = Self.pool(holding: test.held)
        let before = pool.count
        let claim = pool.claim(test.amount, for: test.claimer)
        if case .takeFrom(let victim) = claim, case .takeFrom(let expected) = test.claim {
            // of several who hold as much, any
            #expect(victim.entry == expected.entry || pool.count(of: victim) == pool.count(of: expected))
            #expect(pool.count(of: victim) == pool.count(of: expected))
        } else {
            #expect(claim == test.claim)
        }
        #expect(pool.count == before + (claim == .granted ? test.amount : 0))
    }

    @Test func `what is released is there for others, and no more than was held`() {
        var pool = Self.pool(holding: [(Self.alice(), 20)])
        pool.release(5, of: Self.alice())
        #expect(pool.count == 15 && pool.count(of: Self.alice()) == 15 && pool.count(of: .user(1000)) == 15)
        pool.release(50, of: Self.alice())
        pool.release(of: Self.unit)
        #expect(pool.count == 0 && pool.count(of: .user(1000)) == 0)
        #expect(pool.claim(20, for: Self.alice()) == .granted)
    }

    @Test func `what is held stays when the bounds shrink, and gives way to others`() {
        var pool = Self.pool(holding: [(Self.alice(1), 20), (Self.alice(2), 20)])
        pool.bounds = FairPool.Bounds(capacity: 32, perHolder: 10)
        #expect(pool.count == 40)
        #expect(pool.claim(for: Self.alice(1)) == .refused)
        guard case .takeFrom(let victim) = pool.claim(for: Self.unit) else { return #expect(Bool(false)) }
        #expect(pool.count(of: victim) == 20)
    }

    @Test func `whatever comes and goes, every count is right, the kept room is there, and a claim ends after few victims`() {
        var random = SeededRandom(8)
        let shares =
            [Self.root, Self.administrator, Self.unit] + (1...4).map { Self.alice($0) } + (1...6).map { Self.stranger($0) }
            + (1...12).map { Self.member($0, of: 20 + $0 % 3) }
        var pool = FairPool(Self.bounds)
        var model: [Share: Int] = [:]
        for _ in 0..<20_000 {
            guard let share = shares.randomElement(using: &random) else { return }
            let amount = Int.random(in: 1...4, using: &random)
            if Bool.random(using: &random) {
                pool.release(amount, of: share)
                model[share] = max(0, model[share, default: 0] - amount)
                continue
            }
            let before = model
            var victims = 0
            claiming: while true {
                switch pool.claim(amount, for: share) {
                case .granted:
                    model[share, default: 0] += amount
                    break claiming
                case .refused: break claiming
                case .takeFrom(let victim):
                    #expect(victim != share)
                    let kept = victim.tier == .administrators ? 4 : victim.tier == .named ? 16 : 0
                    #expect(victim.tier <= share.tier || model.filter { $0.key.tier == victim.tier }.values.reduce(0, +) > kept)
                    let ofTheirs = before.filter { $0.key.entry == victim.entry }.values.reduce(0, +)
                    let ofOurs = before.filter { $0.key.entry == share.entry }.values.reduce(0, +)
                    #expect(victim.entry == share.entry ? model[victim, default: 0] > model[share, default: 0] + amount : ofTheirs > ofOurs)
                    pool.release(of: victim)
                    model[victim, default: 0] -= 1
                    victims += 1
                    guard victims <= 8 else { return #expect(Bool(false), "a claim of \(amount) took \(victims)") }
                }
            }
            #expect(pool.count == model.values.reduce(0, +))
            #expect(shares.allSatisfy { pool.count(of: $0) == model[$0, default: 0] })
            #expect(pool.count <= 64)
            #expect(model.filter { $0.key.tier <= .groups }.values.reduce(0, +) <= 44)
            #expect(model.filter { $0.key.tier <= .named }.values.reduce(0, +) <= 60)
        }
    }
}
