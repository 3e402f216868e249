import OAuth
import Secrets
import Testing
@testable import TokenLedger
import TokenWire

@testable import TokenAudit

@Suite struct AuditFieldsTests {
    private func fields(of entry: AuditEntry) -> [(AuditField, String)] {
        auditFields(AuditSummary(first: entry, in: AuditSlot(place: 0, generation: 0)))
    }

    @Test func `LOG-04 a hand-out names its consumer, process and token`() {
        var entry = Sample.handOut()
        entry.rule = "portal.toml:14"
        let fields = fields(of: entry)
        let expected: [(AuditField, String)] = [
            (.event, "handed-out"), (.decision, "ready"), (.count, "1"), (.token, "portal.sync"), (.tokenID, "9f3ac2d1770b41e6"),
            (.consumer, "erp-sync.service"), (.consumerUnit, "erp-sync.service"), (.consumerUID, "995"), (.consumerPID, "812"),
            (.consumerComm, "erp-sync"), (.rule, "portal.toml:14"), (.messageID, "5706b4eef38c48c8bcceb49ed421b982"), (.priority, "6"),
            (.identifier, "tokend"),
        ]
        for (field, value) in expected { #expect(fields[field] == value) }
        #expect(fields[0].0 == .message)
        #expect(fields[.seconds] == nil)
    }

    @Test func `a summary does not name a process, which may have been another each time`() throws {
        var tally = AuditTally()
        let (slot, _, _) = tally.record(Sample.handOut(to: .uid(995)), now: 0)
        #expect(tally.again(slot) == true)
        let summary = try #require(tally.due(now: .seconds(10)).first)
        let fields = auditFields(summary)
        #expect(fields[.consumer] == "uid 995")
        #expect(fields[.consumerUID] == "995")
        #expect(fields[.seconds] == "10")
        for field in [AuditField.consumerPID, .consumerComm, .consumerUnit, .rule] { #expect(fields[field] == nil) }
    }

    @Test func `a name that is not configured is never written`() {
        #expect(fields(of: Sample.denial())[.token] == "unknown")
        #expect(fields(of: AuditEntry(.started))[.token] == nil)
    }

    @Test func `a request without a token is told by its verb`() {
        var entry = Sample.denial()
        entry.request = "RELOAD"
        #expect(fields(of: entry)[.request] == "RELOAD")
        #expect(fields(of: entry)[.token] == nil)
    }

    @Test func `LOG-05 no field holds a second line`() {
        let hostile = "x\nTOKEND_EVENT=handed-out\n\u{1B}[2J"
        var entry = AuditEntry(
            .renewalFailed, .no, consumer: .unit(hostile), caller: Caller(uid: 1, gid: 1, pid: 1, unit: .unit(hostile)), comm: hostile,
            reason: hostile, text: hostile)
        (entry.oauthError, entry.issuer, entry.request, entry.rule, entry.scopes) = (hostile, hostile, hostile, hostile, [hostile])
        for (_, value) in fields(of: entry) {
            #expect(value.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        }
    }

    @Test func `an entry always fits into one datagram and one pipe buffer`() {
        let endless = String(repeating: "\n", count: 100_000)
        var entry = AuditEntry(
            .renewalFailed, .no, token: Sample.sync, tokenID: Sample.id, consumer: .unit(endless),
            caller: Caller(uid: .max, gid: 1, pid: .max, unit: .unit(endless)), comm: endless, reason: endless, text: endless)
        (entry.oauthError, entry.issuer, entry.request, entry.rule, entry.scopes) = (endless, endless, endless, endless, [endless])
        let fields = fields(of: entry)
        #expect(fields.reduce(0) { $0 + $1.0.rawValue.utf8.count + $1.1.utf8.count + 2 } < 16_384)
        #expect((fields[.message] ?? "").unicodeScalars.count < 2_000)
    }
}

@Suite struct AuditExchangeTests {
    static let canary = "canary-7Qk2-access-token"
    static let key = CacheKey(token: TokenName("portal.sync")!, consumer: .unit("erp-sync.service"), scopes: ["read"], audience: nil)

    private func fields(_ event: LedgerEvent) -> [(AuditField, String)] {
        var configuration = LedgerFixture.configuration()
        configuration.applications["portal"] = LedgerFixture.application("portal", issuer: "https://demodb.my.erp.net/id")
        return auditFields(AuditEntry(event, configuration, at: Moment(boot: 0, wall: 0)))
    }

    private func failed(_ failure: ExchangeFailure, nextTry: Int64? = nil, stillServing: Int64 = 0) -> [(AuditField, String)] {
        let refusal = Refusal(.unavailable, [], failure.text)
        return fields(.failed(Self.key, refusal, failure, cause: .due, nextTry: nextTry, stillServing: stillServing, took: 312_000_000))
    }

    private var held: HeldToken {
        HeldToken(
            token: Secret(Self.canary), id: Sample.successor, scopes: ["read"], header: .authorization, since: 0, until: .seconds(3600), ends: .seconds(3600),
            expires: .at(1_762_189_360), isAssumed: false, isReference: false)
    }

    @Test func `LOG-03 a successful exchange is told in full`() {
        let fields = fields(.renewed(Self.key, held, previous: Sample.id, cause: .due, took: 312_000_000))
        let expected: [(AuditField, String)] = [
            (.event, "renewed"), (.decision, "issued"), (.token, "portal.sync"), (.issuer, "https://demodb.my.erp.net/id"),
            (.grant, "client_credentials"), (.duration, "312"), (.tokenID, "0123456789abcdef"), (.previousID, "9f3ac2d1770b41e6"),
            (.scopes, "read"), (.expires, "1762189360"), (.consumer, "erp-sync.service"), (.priority, "6"),
        ]
        for (field, value) in expected { #expect(fields[field] == value) }
    }

    @Test func `LOG-03 a failed exchange is told in full`() {
        let fields = failed(
            ExchangeFailure(
                law: .configuration, reach: .credential, oauthError: "invalid_client", status: 401, text: "the token endpoint said invalid_client"))
        let expected: [(AuditField, String)] = [
            (.event, "renewal-failed"), (.decision, "configuration"), (.oauthError, "invalid_client"), (.status, "401"), (.duration, "312"),
            (.grant, "client_credentials"), (.priority, "3"), (.issuer, "https://demodb.my.erp.net/id"),
        ]
        for (field, value) in expected { #expect(fields[field] == value) }
        #expect(fields[.retryAfter] == nil)
    }

    @Test func `a failure is a warning while the present token lives`() {
        #expect(failed(LedgerFixture.busyServer, nextTry: .seconds(40), stillServing: .seconds(720))[.priority] == "4")
        #expect(failed(LedgerFixture.busyServer, nextTry: .seconds(40), stillServing: 0)[.priority] == "3")
    }

    @Test func `LOG-01 no token of an exchange is told`() {
        for (_, value) in fields(.renewed(Self.key, held, previous: nil, cause: .asked, took: 1)) { #expect(!value.contains("canary")) }
    }
}
