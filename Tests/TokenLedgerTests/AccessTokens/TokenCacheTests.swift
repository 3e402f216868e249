import Secrets
import Testing
import TokenWire
@testable import TokenLedger

@Suite struct TokenCacheTests {
    private static let token = TokenName("portal.sync")!
    private let key = Self.key(1000)
    private var cache = TokenCache()

    private static func key(_ uid: UInt32, _ scopes: [String] = ["read"], of token: TokenName = token) -> CacheKey {
        CacheKey(token: token, consumer: .uid(uid), scopes: scopes, audience: nil)
    }

    private static func held(_ id: UInt64 = 1, until seconds: Int64 = 3_600) -> HeldToken {
        HeldToken(
            token: Secret("token-\(id)"), id: Fingerprint(bits: id), scopes: ["read"], header: .authorization, since: 0, until: .seconds(seconds),
            ends: .seconds(seconds), expires: .at(seconds), isAssumed: false, isReference: false)
    }

    private mutating func publish(_ id: UInt64 = 1, _ key: CacheKey? = nil, until seconds: Int64 = 3_600) {
        cache.open(key ?? self.key, at: 0)
        cache.publish(Self.held(id, until: seconds), key ?? self.key, spread: 0.5)
        #expect(cache.check().isEmpty)
    }

    /// What was outdated, and changed, by this.
    private mutating func noted(_ change: (inout TokenCache) -> Void) -> (outdated: Set<CacheKey>, changed: Set<CacheKey>) {
        _ = (cache.takeOutdated(), cache.takeChanged())
        change(&cache)
        #expect(cache.check().isEmpty)
        return (cache.takeOutdated().keys, cache.takeChanged())
    }

    // MARK: rows

    @Test mutating func `a row is opened once and nothing is left of one that is closed`() {
        cache.open(key, at: 0)
        cache.open(key, at: 1)
        cache.schedule(key, at: 5)
        cache.fail(key, Trouble(refusal: .stopping))
        #expect((cache.count, cache.consumerCount, cache.scheduledCount) == (1, 1, 1) && cache.keys(of: Self.token).count == 1)
        cache.close(key)
        cache.close(key)
        #expect((cache.count, cache.scheduledCount) == (0, 0) && cache.keys(of: Self.token).isEmpty && cache.trouble(of: key) == nil)
        #expect(cache.consumerCount == 1, "its budget is still remembered")
        cache.schedule(key, at: 5)
        #expect(cache.nextDeadline == nil && cache.check().isEmpty)
    }

    @Test mutating func `nothing is put into a row that is not there`() {
        cache.publish(Self.held(), key, spread: 0)
        cache.hold(reference: Self.held(), key)
        cache.drop(key)
        cache.fail(key, Trouble(refusal: .stopping))
        cache.noteAsked(key, validity: 5, at: 1)
        #expect(cache.count == 0 && cache.trouble(of: key) == nil && cache.check().isEmpty)
    }

    @Test mutating func `all rows of a token are closed together, and those of others stay`() {
        let other = Self.key(1000, of: TokenName("portal.other")!)
        for key in [key, Self.key(1001), other] { cache.open(key, at: 0) }
        cache.closeAll(of: Self.token)
        #expect(Array(cache.keys) == [other] && cache.keys(of: Self.token).isEmpty && cache.check().isEmpty)
    }

    @Test mutating func `consumers that hold nothing are forgotten when there are many, once their budget is full again`() {
        for uid in 0..<200 as Range<UInt32> {
            cache.open(Self.key(uid), at: .seconds(600))
            cache.close(Self.key(uid))
        }
        #expect(cache.consumerCount <= 66)
        for uid in 1_000..<1_010 as Range<UInt32> { _ = cache.spend(ConsumerKey(token: Self.token, consumer: .uid(uid)), lifetime: 0, at: .seconds(600)) }
        for uid in 0..<200 as Range<UInt32> {
            cache.open(Self.key(uid), at: .seconds(600))
            cache.close(Self.key(uid))
        }
        #expect((10...76).contains(cache.consumerCount), "what they have spent is not")
    }

    // MARK: replies and what outlives the process

    @Test mutating func `another token outdates the replies with the one before, and takes its place after a restart`() {
        publish()
        let (outdated, changed) = noted { [key] in $0.publish(Self.held(2), key, spread: 0) }
        #expect(outdated == [key] && changed == [key])
        let (later, laterChanged) = (cache.takeOutdated(), cache.takeChanged())
        #expect(later.isEmpty && laterChanged.isEmpty, "told once")
    }

    @Test mutating func `what ends, is rejected or fails is not repeated`() {
        publish()
        let rejected = noted { [key] in $0.reject(key) }
        let failed = noted { [key] in $0.fail(key, Trouble(refusal: .stopping)) }
        let disowned = noted { [key] in $0.disown(key) }
        #expect(rejected.outdated == [key] && failed.outdated == [key] && disowned.changed == [key])
        let (outdated, changed) = noted { [key] in $0.drop(key) }
        #expect(outdated == [key] && changed == [key])
    }

    @Test mutating func `handing a token out again changes nothing but when it was asked for`() {
        publish()
        _ = cache.noteHandedOut(key, validity: nil, at: 1)
        var isNews = true
        let (outdated, changed) = noted { [key] in isNews = $0.noteHandedOut(key, validity: nil, at: 2) }
        #expect(!isNews && outdated.isEmpty && changed.isEmpty && cache[key]?.lastAsked == 2)
    }

    @Test mutating func `a clock step outdates every reply`() {
        publish()
        _ = cache.takeOutdated()
        let references = cache.follow(Moment(boot: .seconds(10), wall: 1_000))
        let outdated = cache.takeOutdated()
        #expect(references.isEmpty && outdated.isAll && cache.held(key)?.expires == .at(1_000 + 3_590))
    }

    // MARK: use

    @Test mutating func `a token that comes begins anew, and what the last one promised is known`() {
        publish()
        cache.noteAsked(key, validity: 1_800, at: 7)
        cache.want(key, .rejected)
        cache.reject(key)
        cache.fail(key, Trouble(refusal: .stopping))
        #expect(cache[key]?.requestedValidity == .seconds(1_800) && cache[key]?.isRejected == false && cache[key]?.isWantedAnew == true)
        publish(2, until: 300)
        #expect(cache[key]?.isAsked == false && cache[key]?.requestedValidity == 0 && cache[key]?.isWantedAnew == false && cache.trouble(of: key) == nil)
        cache.drop(key)
        #expect(cache[key]?.knownLifetime == .seconds(300) && cache[key]?.lastAsked == 7)
    }

    @Test mutating func `the first use of a token, and each that names a validity, bears on its renewal`() {
        publish()
        let isNews = [nil, nil, 60].map { cache.noteHandedOut(key, validity: $0, at: 1) }
        #expect(isNews == [true, false, true])
    }

    @Test mutating func `which variant a consumer was given last is known, and the reply with the one before is outdated`() {
        let other = Self.key(1000, ["update"])
        publish()
        publish(2, other)
        #expect(cache.lastServed(toConsumerOf: key) == nil)
        cache.noteServed(key)
        #expect(cache.lastServed(toConsumerOf: other) == key)
        let (outdated, _) = noted { $0.noteServed(other) }
        #expect(outdated == [key] && cache.lastServed(toConsumerOf: key) == other)
        cache.close(other)
        #expect(cache.lastServed(toConsumerOf: key) == nil)
    }

    @Test mutating func `a consumer has eight variants, and the one that was not asked for longest makes room`() {
        for number in 0..<8 {
            cache.open(Self.key(1000, ["s\(number)"]), at: 0)
            cache.noteAsked(Self.key(1000, ["s\(number)"]), validity: nil, at: Int64(10 - number))
        }
        let next = Self.key(1000, ["next"])
        #expect(cache.room(for: next, of: .uid(1000)) { _ in true } == .instead(Self.key(1000, ["s7"])))
        #expect(cache.room(for: next, of: .uid(1000)) { $0 != Self.key(1000, ["s7"]) } == .instead(Self.key(1000, ["s6"])))
        #expect(cache.room(for: next, of: .uid(1000)) { _ in false } == .none)
        #expect(cache.room(for: Self.key(1001), of: .uid(1001)) { _ in false } == .free)
    }

    @Test mutating func `whether a token can be served is known without a look through what has ended`() {
        #expect(!cache.isServable(Self.token, at: 0))
        publish(until: 10)
        publish(2, Self.key(1001), until: 20)
        #expect(cache.isServable(Self.token, at: .seconds(15)) && !cache.isServable(Self.token, at: .seconds(20)))
        cache.drop(Self.key(1001))
        #expect(!cache.isServable(Self.token, at: .seconds(15)))
    }
}

@Suite struct GroupMembersTests {
    private static let token = TokenName("portal.sync")!
    private static func member(_ uid: UInt32, of token: TokenName = token) -> ConsumerKey { ConsumerKey(token: token, consumer: .uid(uid)) }
    private static func share(_ uid: UInt32, of group: UInt32 = 20) -> Share { Share(.group(group), .uid(uid)) }

    @Test func `a group has so many places, and who is idle for ten minutes makes room`() {
        var members = GroupMembers()
        func admit(_ uid: UInt32, at seconds: Int64, isIdle: Bool = true) -> (isIn: Bool, putOut: [ConsumerKey]) {
            members.admit(Self.member(uid), of: Self.share(uid), perGroup: 4, at: .seconds(seconds), isIdle: { _ in isIdle }, lastAsked: { _ in 0 })
        }
        for uid in 1...4 as ClosedRange<UInt32> { #expect(admit(uid, at: Int64(uid)).isIn) }
        #expect(!admit(5, at: 100).isIn, "all came a moment ago")
        #expect(!admit(5, at: 700, isIdle: false).isIn, "one is waited for")
        let (isIn, putOut) = admit(5, at: 700)
        #expect(isIn && putOut.count == 1 && members.count == 4 && members.check().isEmpty)
    }

    @Test func `nothing is left of members that go, or of tokens that are no longer configured`() {
        var members = GroupMembers()
        let other = TokenName("portal.other")!
        for token in [Self.token, other] {
            let (isIn, _) = members.admit(
                Self.member(1, of: token), of: Self.share(1), perGroup: 4, at: 0, isIdle: { _ in true }, lastAsked: { _ in 0 })
            #expect(isIn)
        }
        members.keepOnly { $0 == other }
        #expect(members.all == [Self.member(1, of: other)])
        members.remove(Self.member(1, of: other))
        #expect(members.count == 0 && members.check().isEmpty)
    }
}
