import OAuth
import Secrets
import Testing
import TokenWire

@testable import TokenLedger

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
        let (slot, _) = tally.record(Sample.handOut(to: .uid(995)), now: 0)
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

    static func plan() throws -> ExchangePlan {
        let client = ClientIdentity(id: "my.trusted.app/portal", authentication: .post(Secret("canary-client-secret")))
        let server = ServerSettings(location: .issuer("https://demodb.my.erp.net/id"))
        let application = Application(name: "portal", server: server, client: client)
        let grant = GrantRequest.clientCredentials(scopes: ["read", "update"], audience: nil)
        return ExchangePlan(id: 7, token: try #require(Sample.sync), application: application, grant: grant, timeout: 30)
    }

    private func fields(
        _ outcome: ExchangeOutcome, id: Fingerprint? = nil, held: Fingerprint? = nil, expires: Expiry? = nil, remaining: Int64? = nil,
        retryAfter: Int? = nil
    ) throws -> [(AuditField, String)] {
        let report = ExchangeReport(plan: 7, outcome: outcome, sent: Moment(boot: 0, wall: 0), id: id, took: 312_000_000)
        return auditFields(
            AuditEntry.exchange(
                try Self.plan(), report, issuer: "https://demodb.my.erp.net/id", for: .unit("erp-sync.service"), held: held,
                expires: expires, remaining: remaining, retryAfter: retryAfter))
    }

    @Test func `LOG-03 a successful exchange is told in full`() throws {
        let issued = IssuedTokens(accessToken: Secret(Self.canary), lifetime: 3_600, scopes: ["read"])
        let fields = try fields(.success(issued), id: Sample.successor, held: Sample.id, expires: .at(1_762_189_360))
        let expected: [(AuditField, String)] = [
            (.event, "renewed"), (.decision, "issued"), (.token, "portal.sync"), (.issuer, "https://demodb.my.erp.net/id"),
            (.grant, "client_credentials"), (.duration, "312"), (.tokenID, "0123456789abcdef"), (.previousID, "9f3ac2d1770b41e6"),
            (.scopes, "read"), (.expires, "1762189360"), (.consumer, "erp-sync.service"), (.priority, "6"),
        ]
        for (field, value) in expected { #expect(fields[field] == value) }
    }

    @Test func `a server that does not name the scopes granted those asked for`() throws {
        let issued = IssuedTokens(accessToken: Secret(Self.canary), lifetime: nil, scopes: nil)
        #expect(try fields(.success(issued), id: Sample.id)[.scopes] == "read update")
    }

    @Test func `LOG-03 a failed exchange is told in full`() throws {
        let failure = ExchangeFailure(
            law: .configuration, reach: .credential, oauthError: "invalid_client", status: 401,
            text: "the token endpoint said invalid_client")
        let fields = try fields(.failure(failure))
        let expected: [(AuditField, String)] = [
            (.event, "renewal-failed"), (.decision, "configuration"), (.oauthError, "invalid_client"), (.status, "401"), (.duration, "312"),
            (.grant, "client_credentials"), (.priority, "3"),
        ]
        for (field, value) in expected { #expect(fields[field] == value) }
        #expect(fields[.retryAfter] == nil)
    }

    @Test func `a failure is a warning while the present token lives`() throws {
        let failure = ExchangeFailure(law: .answered(retryAfter: nil), reach: .server, status: 503, text: "the token endpoint answered 503")
        #expect(try fields(.failure(failure), held: Sample.id, remaining: 720, retryAfter: 40)[.priority] == "4")
        #expect(try fields(.failure(failure), held: Sample.id, remaining: 0, retryAfter: 40)[.priority] == "3")
    }

    @Test func `LOG-01 no token and no secret of an exchange is told`() throws {
        let issued = IssuedTokens(
            accessToken: Secret(Self.canary), lifetime: 60, scopes: nil, refreshToken: Secret("canary-refresh"),
            idToken: Secret("canary-id"))
        for (_, value) in try fields(.success(issued), id: Sample.id) { #expect(!value.contains("canary")) }
    }
}
