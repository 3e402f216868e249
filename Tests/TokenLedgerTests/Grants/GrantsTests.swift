import Secrets
import Testing
import TokenWire
@testable import TokenLedger

@Suite struct GrantsTests {
    private static let token = TokenName("portal.user")!
    private static let binding = RecordBinding(server: "https://id.test", clientID: "portal", grant: "authorization_code")
    private static let now = Moment(boot: .seconds(1_000), wall: 1_790_000_000)
    private static let report = ExchangeReport(plan: 1, outcome: .failure(Scene.garbled), sent: now, id: nil, took: 0)
    private var grants = Grants()

    private static func record(_ generation: UInt64, _ secret: String = "refresh", grant: UInt64 = 1) -> StoredRecord {
        StoredRecord(
            name: token, kind: .refresh, binding: binding, generation: generation, grant: grant, secret: Secret(secret), signedIn: 0, rotated: 0)
    }

    private static func rotation(of record: StoredRecord, attempt: Int = 1) -> Rotation {
        let intent = Intent(grant: record.grant, generation: record.generation, attempt: attempt, token: Fingerprint(bits: 1), sent: 0)
        return Rotation(token, of: record, intent)
    }

    private mutating func install(_ record: StoredRecord) -> Secret? {
        let old = grants.install(record, at: Self.now)
        #expect(grants.check(isStopping: false).isEmpty)
        return old?.secret
    }

    @Test mutating func `each record of a token has a number of its own`() {
        let numbers = [grants.number(Self.token), grants.number(Self.token)]
        #expect(numbers.map(\.generation) == [1, 2] && numbers.map(\.grant) == [1, 2])
        _ = install(Self.record(5, grant: 4))
        let next = grants.number(Self.token)
        #expect(next.generation == 6 && next.grant == 5)
    }

    @Test mutating func `a sign-in gives back the refresh token of the one before, unless it is the same or a tombstone takes its place`() {
        #expect(install(Self.record(1, "one")) == nil)
        #expect(install(Self.record(2, "two")) == Secret("one"))
        #expect(install(Self.record(3, "two")) == nil)
        var tombstone = Self.record(4, "")
        tombstone.kind = .ended
        #expect(install(tombstone) == nil)
    }

    @Test mutating func `a refresh token has one exchange, and is free when that is over`() {
        _ = install(Self.record(1))
        grants.begin(7, Self.rotation(of: Self.record(1)))
        #expect(grants.isRotating(Self.token) && grants.isCurrent(7, of: Self.token) && grants.atRisk.isEmpty, "nothing was sent yet")
        grants.send(7, isNarrowed: false)
        #expect(grants.atRisk == [AtRisk(token: Self.token, act: .refresh)])
        grants.commit(7, Self.record(2), Self.report)
        #expect(grants.rotation(7)?.successor?.generation == 2 && grants[Self.token]?.generation == 2)
        let ended = grants.end(7)
        let again = grants.end(7)
        #expect(ended != nil && again == nil && !grants.isRotating(Self.token) && !grants.isRotating)
    }

    @Test mutating func `a rotation outlives the sign-in it was made for, and does not stand in the way of the next one`() {
        _ = install(Self.record(1, "one"))
        grants.begin(7, Self.rotation(of: Self.record(1, "one")))
        grants.send(7, isNarrowed: false)
        grants.hold(7, Self.report)
        #expect(grants.held(of: Self.token).map(\.exchange) == [7])
        _ = install(Self.record(2, "two", grant: 2))
        #expect(!grants.isRotating(Self.token) && grants.rotation(7)?.grant == 1)
        grants.begin(8, Self.rotation(of: Self.record(2, "two", grant: 2)))
        _ = grants.end(7)
        #expect(grants.isCurrent(8, of: Self.token) && grants.check(isStopping: false).isEmpty)
    }

    @Test mutating func `a failed write is counted, and the next one is under way`() {
        _ = install(Self.record(1))
        grants.begin(7, Self.rotation(of: Self.record(1)))
        grants.commit(7, Self.record(2), Self.report)
        grants.commitFailed(7)
        #expect(grants.rotation(7)?.failures == 1 && grants.rotation(7)?.isWriting == false)
        grants.commitAgain(7)
        #expect(grants.rotation(7)?.isWriting == true)
    }

    @Test mutating func `a success ends doubt, quarantine and advice`() {
        _ = install(Self.record(1))
        grants.quarantine(Self.token, isSilent: false, until: .seconds(2_000))
        grants.doubt(Self.token, Self.rotation(of: Self.record(1)).intent, earliest: .seconds(1_060), notBefore: .seconds(1_070))
        let isNews = [grants.advise(Self.token, .stopping), grants.advise(Self.token, .stopping), grants.end(Self.token, .stopping)]
        #expect(isNews == [true, false, false] && grants[Self.token]?.notBefore == .seconds(1_070))
        grants.succeed(Self.token, at: Self.now)
        #expect(grants[Self.token]?.doubt == nil && grants[Self.token]?.ended == nil && grants[Self.token]?.refusals == 0)
        #expect(grants[Self.token]?.notBefore == 0 && grants[Self.token]?.lastUsed == Self.now)
    }

    @Test mutating func `a refresh token in doubt is not sent before the server can be done with it, however much is forgiven`() {
        _ = install(Self.record(1))
        grants.doubt(Self.token, Self.rotation(of: Self.record(1)).intent, earliest: .seconds(1_060), notBefore: .seconds(1_500))
        grants.hurry(Self.token)
        grants.forgive(Self.token)
        #expect(grants[Self.token]?.notBefore == .seconds(1_060) && grants[Self.token]?.doubt?.isUrgent == true)
        grants.putOff(Self.token, to: .seconds(1_030))
        #expect(grants[Self.token]?.notBefore == .seconds(1_060), "the later one counts")
    }

    @Test mutating func `what is not configured is kept as long as the disk has it`() {
        _ = install(Self.record(1))
        grants.noteSignIn(TokenName("portal.other")!, failed: .stopping)
        grants.scheduleKeepAlive(Self.token, at: 5)
        grants.keepOnly({ _ in false }, orReplaced: { _ in false })
        #expect(grants.tokens == [Self.token] && grants.nextDeadline == nil && grants.check(isStopping: false).isEmpty)
    }

    @Test mutating func `that the store fails, or that nothing uses a record, is told once and so is its end`() {
        _ = install(Self.record(1))
        let ofStore = [true, true, false, false].map { grants.note(isStoreFailing: $0, Self.token) }
        let ofUse = [true, true, false, false].map { grants.note(isUnconfigured: $0, Self.token) }
        #expect(ofStore == [true, false, true, false] && ofUse == ofStore)
    }
}
