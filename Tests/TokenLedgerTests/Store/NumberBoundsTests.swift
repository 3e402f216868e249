import Secrets
import Testing
import TokenWire

@testable import TokenLedger

/// Numbers of records, intents and tokens that outlive the process: what no clock and no counter can have reached is refused where it is read, and what
/// is read can be reckoned with.
@Suite struct NumberBoundsTests {
    private static let (first, last) = (Expiry.times.lowerBound, Expiry.times.upperBound)
    private static let impossible: [Int64] = [.min, .min + 1, -(1 << 62), first - 1, last + 1, 67_768_036_191_694_799, 1 << 62, .max - 1, .max]

    @Test(arguments: impossible) func `a record with a time of no clock is refused`(_ time: Int64) throws {
        var records = [StoredRecord](repeating: StoredRecordTests.full, count: 4)
        records[0].signedIn = time
        records[1].rotated = time
        records[2].expires = .at(time)
        records[3].idleLifetime = time
        for record in records { #expect(throws: RecordDamage.number) { try StoredRecord(bytes: record.bytes()) } }
        var intent = IntentTests.intent
        intent.sent = time
        #expect(throws: RecordDamage.number) { try Intent(bytes: intent.bytes()) }
        for times in [(signedIn: time, until: 0), (0, time)] as [(signedIn: Int64, until: Int64)] {
            let revocation = Revocation(
                name: GrantScene.user, server: "https://id.test", clientID: "portal", grant: 1, signedIn: times.signedIn, secret: Secret("refresh-1"),
                id: Fingerprint(bits: 1), until: times.until)
            #expect(throws: RecordDamage.number) { try Revocation(bytes: revocation.bytes()) }
        }
    }

    @Test(arguments: [UInt64(Int64.max) + 1, .max]) func `a record after which none could be counted is refused`(_ number: UInt64) throws {
        for key in [\StoredRecord.generation, \.grant] as [WritableKeyPath<StoredRecord, UInt64>] {
            var record = StoredRecordTests.full
            record[keyPath: key] = number
            #expect(throws: RecordDamage.number) { try StoredRecord(bytes: record.bytes()) }
        }
        for key in [\Intent.generation, \.grant] as [WritableKeyPath<Intent, UInt64>] {
            var intent = IntentTests.intent
            intent[keyPath: key] = number
            #expect(throws: RecordDamage.number) { try Intent(bytes: intent.bytes()) }
        }
    }

    @Test(arguments: [first, -1, 0, 1_789_999_999, 1_790_000_001, last]) func `a sign-in of any time that can be read is lived with`(_ time: Int64) throws {
        for life in [nil, 1, Self.last] as [Int64?] {
            for configured in [nil, 1, 315_360_000] {
                var record = GrantScene.record()
                (record.signedIn, record.rotated, record.idleLifetime) = (time, time, life)
                record.generation = UInt64(Int64.max)
                record = try StoredRecord(bytes: record.bytes())
                let intent = Intent(grant: 1, generation: UInt64(Int64.max), attempt: 1, token: Scene.fingerprint(Secret("refresh-1")), sent: time)
                var scene = GrantScene.signedIn(record, intent: try Intent(bytes: intent.bytes())) { _, signIn in signIn.refreshLifetime = configured }
                for _ in 0..<3 {
                    try scene.get(wait: 0)
                    if !scene.plans.isEmpty { scene.grant("access", refresh: "refresh-2") }
                    scene.pass(100_000)
                    scene.due()
                    _ = scene.ledger.status(of: GrantScene.user, at: scene.now)
                }
            }
        }
    }

    // MARK: access tokens that outlive the process

    private static func kept(_ since: Int64, _ until: Int64, _ ends: Int64, _ expires: Int64, _ lastAsked: Int64) throws -> KeptToken {
        let scene = Scene()
        let key = try scene.ledger.policy.authorise(TokenQuery(name: Scene.sync.description), for: Scene.script).get().key
        return KeptToken(
            key: key,
            held: HeldToken(
                token: Secret("an-access-token"), id: Fingerprint(bits: 7), scopes: key.scopes, header: .authorization, since: since, until: until,
                ends: ends, expires: .at(expires), isAssumed: false, isReference: false),
            terms: Fingerprint(bits: 11), grant: 0, isAsked: true, lastAsked: lastAsked)
    }

    @Test(arguments: [Int64.min, -1, Moment.bootTimes.upperBound + 1, .max]) func `a kept token with a time of no run of the kernel is refused`(
        _ time: Int64
    ) throws {
        for place in 0..<5 {
            var times: [Int64] = [1, 2, 3, 4, 5]
            // a wall time may be before the epoch
            times[place] = place == 3 && time == -1 ? Self.first - 1 : time
            let token = try Self.kept(times[0], times[1], times[2], times[3], times[4])
            #expect(throws: RecordDamage.number) { try KeptToken(bytes: token.bytes()) }
        }
    }

    @Test func `a kept token of any times that can be read is lived with`() throws {
        // as if they were of this configuration
        var other = Scene()
        try other.obtain(id: 5)
        let terms = try #require(other.ledger.takeKeepings().first?.token?.terms)
        let ends = [Moment.bootTimes.lowerBound, .seconds(99_999), .seconds(100_001), Moment.bootTimes.upperBound]
        for since in ends {
            for until in ends {
                for wall in [Self.first, 0, 1_790_000_000, Self.last] {
                    var scene = Scene()
                    var token = try KeptToken(bytes: Self.kept(since, until, until, wall, until).bytes())
                    token.terms = terms
                    _ = scene.ledger.resume([token], at: scene.now)
                    _ = try scene.get()
                    scene.pass(100)
                    _ = scene.ledger.due(at: scene.now)
                }
            }
        }
    }
}
