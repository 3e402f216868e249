import OAuth
import Secrets
import Systemd
import Testing
import TokenLedger
@testable import TokenDaemon

@Suite(.serialized)
struct `The exchanger` {
    private let openID = "/.well-known/openid-configuration"

    @Test func `a plan becomes a discovery, a token request and one report`() throws {
        let authority = try ScriptedAuthority([openID: [.metadata()], "/token": [.token()]])
        let report = try ExchangeRun().report(on: ExchangePlan(7, at: authority))
        let tokens = try report.outcome.get()
        #expect(report.plan == 7)
        #expect(tokens.accessToken == Secret("AT-1"))
        #expect(tokens.lifetime == 60)
        #expect(tokens.scopes == ["read"])
        #expect(report.id?.description == "ddcb207407a382d3")
        #expect(authority.asked == ["GET \(openID)", "POST /token"])
        let request = try #require(authority.seen.last)
        #expect(request.body == "grant_type=client_credentials&scope=read")
        #expect(request.headers["Authorization"] == "Basic c3luYzpwYTU1d29yZA==")
        #expect(request.headers["Content-Type"] == "application/x-www-form-urlencoded")
        #expect(request.headers["Accept"] == "application/json")
        #expect(request.headers["User-Agent"] == "tokend/0.test")
    }

    @Test func `TR-06 a lifetime counts from before the token request was sent`() throws {
        var slow = ScriptedAuthority.Answer.token()
        slow.delay = 0.3
        let authority = try ScriptedAuthority([openID: [.metadata()], "/token": [slow]])
        let run = try ExchangeRun()
        let began = Clock.boottime()
        let report = try run.report(on: ExchangePlan(1, at: authority))
        #expect(report.sent.boot > began)
        #expect(Clock.boottime() - report.sent.boot >= 300_000_000)
        #expect(report.took >= 300_000_000)
        #expect(abs(report.sent.wall - Clock.realtime() / 1_000_000_000) < 30)
    }

    @Test func `DISC-16 an ERP_net instance is found through its auto-discovery`() throws {
        let sites = #"{"WebSites":[{"Type":"ID","Status":"Working","Url":"ISSUER/id","System":true}]}"#
        let authority = try ScriptedAuthority([
            "/tools/auto-discovery": [.ok(sites)], "/id\(openID)": [.ok(#"{"issuer":"ISSUER/id","token_endpoint":"ISSUER/id/connect/token"}"#)],
            "/id/connect/token": [.token()],
        ])
        let report = try ExchangeRun().report(on: ExchangePlan(1, at: authority) { $0.location = .erpnet(root: authority.issuer, issuer: nil) })
        #expect(report.failure == nil)
        #expect(authority.asked == ["GET /sys/auto-discovery", "GET /tools/auto-discovery", "GET /id\(openID)", "POST /id/connect/token"])
    }

    @Test func `one discovery serves everybody who waits for it`() throws {
        let authority = try ScriptedAuthority([openID: [.metadata()], "/token": [.token()]])
        let run = try ExchangeRun()
        for id in 1...5 { run.exchanger.perform(try ExchangePlan(UInt64(id), at: authority, application: "app\(id % 2)")) }
        let reports = try run.wait(for: 5)
        #expect(Set(reports.map(\.plan)) == [1, 2, 3, 4, 5])
        #expect(reports.allSatisfy { $0.failure == nil })
        #expect(authority.asked.filter { $0 == "GET \(openID)" }.count == 1)
        #expect(authority.asked.filter { $0 == "POST /token" }.count == 5)
    }

    @Test func `the failure of a discovery is everybody's, and the next plan tries again`() throws {
        let authority = try ScriptedAuthority([openID: [.no(503, headers: ["Retry-After": "17"]), .metadata()], "/token": [.token()]])
        let run = try ExchangeRun()
        for id in 1...3 { run.exchanger.perform(try ExchangePlan(UInt64(id), at: authority)) }
        for report in try run.wait(for: 3) {
            #expect(report.failure?.law == .answered(retryAfter: 17))
            #expect(report.failure?.reach == .server)
            #expect(report.id == nil)
        }
        #expect(authority.asked == ["GET \(openID)"])
        #expect(try run.report(on: ExchangePlan(4, at: authority)).failure == nil)
    }

    @Test func `DISC-14 metadata are kept, until they age or are forgotten`() throws {
        let authority = try ScriptedAuthority([openID: [.metadata()], "/token": [.token()]])
        let run = try ExchangeRun()
        let discoveries = { authority.asked.filter { $0 == "GET \(openID)" }.count }
        for id in 1...3 { _ = try run.report(on: ExchangePlan(UInt64(id), at: authority)) }
        #expect(discoveries() == 1)
        run.moveClock(by: 3601)
        _ = try run.report(on: ExchangePlan(4, at: authority))
        #expect(discoveries() == 2)
        let server = try ExchangePlan(4, at: authority).application.server
        var another = server
        another.timeout += 1
        run.exchanger.forget(another)
        _ = try run.report(on: ExchangePlan(5, at: authority))
        #expect(discoveries() == 2)
        run.exchanger.forget(server)
        _ = try run.report(on: ExchangePlan(6, at: authority))
        #expect(discoveries() == 3)
    }

    @Test func `DISC-14 old metadata serve when new ones cannot be had`() throws {
        let authority = try ScriptedAuthority([openID: [.metadata(), .no(500)], "/token": [.token()]])
        let run = try ExchangeRun()
        _ = try run.report(on: ExchangePlan(1, at: authority))
        run.moveClock(by: 3601)
        #expect(try run.report(on: ExchangePlan(2, at: authority)).failure == nil)
        #expect(authority.asked == ["GET \(openID)", "POST /token", "GET \(openID)", "POST /token"])
    }

    @Test func `a token endpoint that moved is found`() throws {
        let authority = try ScriptedAuthority([
            openID: [.metadata(token: "/old"), .metadata(token: "/new")], "/old": [.token(), .no(404)], "/new": [.token("AT-2")],
        ])
        let run = try ExchangeRun()
        _ = try run.report(on: ExchangePlan(1, at: authority))
        run.moveClock(by: 61)
        #expect(try run.report(on: ExchangePlan(2, at: authority)).outcome.get().accessToken == Secret("AT-2"))
        #expect(authority.asked.suffix(3) == ["POST /old", "GET \(openID)", "POST /new"])
    }

    @Test(arguments: [404, 405, 410, 415])
    func `an endpoint that is not there is looked for once`(status: Int) throws {
        let authority = try ScriptedAuthority([openID: [.metadata()], "/token": [.token(), .no(status)]])
        let run = try ExchangeRun()
        _ = try run.report(on: ExchangePlan(1, at: authority))
        run.moveClock(by: 61)
        let failure = try #require(run.report(on: ExchangePlan(2, at: authority)).failure)
        #expect(failure.law == .silent)
        #expect(failure.status == status)
        #expect(authority.asked.suffix(2) == ["POST /token", "GET \(openID)"])
    }

    @Test func `DISC-15 a pinned token endpoint needs no discovery and is not doubted`() throws {
        let authority = try ScriptedAuthority(["/pinned": [.token(), .no(404)]])
        let run = try ExchangeRun()
        let pin = { (settings: inout ServerSettings) in settings.endpoints.token = authority.issuer + "/pinned" }
        #expect(try run.report(on: ExchangePlan(1, at: authority, pin)).failure == nil)
        run.moveClock(by: 10_000)
        #expect(try run.report(on: ExchangePlan(2, at: authority, pin)).failure?.status == 404)
        #expect(authority.asked == ["POST /pinned", "POST /pinned"])
    }

    @Test func `NET-08 the time of a plan bounds all of its steps`() throws {
        let authority = try ScriptedAuthority([openID: [.hangs, .metadata()], "/token": [.hangs]])
        let run = try ExchangeRun()
        let inDiscovery = try run.report(on: ExchangePlan(1, at: authority, timeout: 1))
        #expect(inDiscovery.failure?.law == .unsent, "reading metadata spends nothing")
        #expect(inDiscovery.took < 5_000_000_000)
        let atTheEndpoint = try run.report(on: ExchangePlan(2, at: authority, timeout: 1))
        #expect(atTheEndpoint.failure?.law == .unknown)
        #expect(atTheEndpoint.failure?.reach == .credential)
        #expect(atTheEndpoint.took < 5_000_000_000)
    }

    @Test func `nothing is sent when the time is over`() throws {
        let authority = try ScriptedAuthority([openID: [.metadata()], "/token": [.token()]])
        let run = try ExchangeRun()
        run.moveClock(by: 20, atEachReading: ())
        let failure = try #require(run.report(on: ExchangePlan(1, at: authority, timeout: 30)).failure)
        #expect(failure.law == .unsent)
        #expect(authority.asked == [])
    }

    @Test func `DISC-07 metadata of a server that nobody vouches for are not used`() throws {
        let authority = try ScriptedAuthority([openID: [.metadata()], "/token": [.token()]])
        let failure = try #require(ExchangeRun().report(on: ExchangePlan(1, at: authority) { $0.caFile = nil }).failure)
        #expect(failure.law == .unsent, "whoever stands in the way may be gone in a minute")
        #expect(authority.asked == [])
    }

    @Test func `a server that nobody can reach is known to be so for everybody`() throws {
        let authority = try ScriptedAuthority([:])
        let nobody = "https://localhost:1"
        let failure = try #require(ExchangeRun().report(on: ExchangePlan(1, at: authority) { $0.location = .issuer(nobody) }).failure)
        #expect(failure.law == .unsent)
        #expect(failure.reach == .server)
    }

    @Test func `nobody is called back while asking`() throws {
        let authority = try ScriptedAuthority([:])
        let run = try ExchangeRun()
        run.exchanger.perform(try ExchangePlan(1, at: authority) { $0.location = .issuer("http://not-https") })
        #expect(run.reports.isEmpty)
        let report = try #require(run.wait(for: 1).first)
        #expect(report.failure?.law == .configuration)
    }

    @Test func `what is under way when the exchanger stops reports that it was stopped`() throws {
        let authority = try ScriptedAuthority([openID: [.metadata()], "/token": [.token(), .hangs]])
        let run = try ExchangeRun()
        _ = try run.report(on: ExchangePlan(1, at: authority))
        run.exchanger.perform(try ExchangePlan(2, at: authority))
        try run.turn { authority.asked.count == 3 }
        run.exchanger.stop()
        try run.wait(for: 2)
        #expect(run.reports.last?.failure?.law == .unknown)
        #expect(run.reports.last?.plan == 2)
    }
}
