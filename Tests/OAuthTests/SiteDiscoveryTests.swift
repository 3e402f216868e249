import OAuth
import Secrets
import Testing

struct `Auto-discovery of an ERP.net instance` {
    private let root = "https://orchid.my.erp.net"

    private func sites(_ entries: String) -> EndpointResult {
        answer(200, #"{"Host":"orchid.my.erp.net","DbName":null,"WebSites":[\#(entries)]}"#)
    }

    private func site(_ url: String, status: String? = "Working", type: String = "ID") -> String {
        let status = status.map { #""Status":"\#($0)","# } ?? ""
        return #"{"Type":"\#(type)",\#(status)"Url":"\#(url)","System":true}"#
    }

    private func begun(issuer: String? = nil, root: String? = nil) -> (Discovery, DiscoveryStep) {
        var discovery = Discovery(ServerSettings(location: .erpnet(root: root ?? self.root, issuer: issuer)))
        let step = discovery.begin()
        return (discovery, step)
    }

    private func after(_ result: EndpointResult, issuer: String? = nil) -> DiscoveryStep {
        var (discovery, _) = begun(issuer: issuer)
        return discovery.receive(result, now: now)
    }

    private let metadataURL = "https://orchid.my.erp.net/id/.well-known/openid-configuration"

    @Test func `DISC-16 the instance names its Identity site, which is the issuer`() throws {
        var (discovery, step) = begun()
        #expect(step.url == "https://orchid.my.erp.net/sys/auto-discovery")
        let entries = [
            site("https://orchid.my.erp.net/future", type: "FutureThing"), site("https://orchid.my.erp.net/api", type: "DomainAPI"),
            site("https://orchid.my.erp.net/id"),
        ]
        #expect(discovery.receive(sites(entries.joined(separator: ",")), now: now).url == metadataURL)
        let body = #"{"issuer":"https://orchid.my.erp.net/id","token_endpoint":"https://orchid.my.erp.net/id/connect/token"}"#
        let metadata = try #require(discovery.receive(answer(200, body), now: now).metadata)
        #expect(metadata.issuer == "https://orchid.my.erp.net/id")
        #expect(try metadata.url(of: .token).text == "https://orchid.my.erp.net/id/connect/token")
    }

    @Test func `DISC-16 the second path is tried if the first has no document`() throws {
        var (discovery, _) = begun(root: "https://orchid.my.erp.net/")
        #expect(discovery.receive(answer(404), now: now).url == "https://orchid.my.erp.net/tools/auto-discovery")
        #expect(discovery.receive(sites(site("https://orchid.my.erp.net/id")), now: now).url == metadataURL)
        (discovery, _) = begun()
        _ = discovery.receive(answer(404), now: now)
        #expect(discovery.receive(answer(404), now: now).failure?.law == .silent)
    }

    @Test func `DISC-16 an Identity site that is down is retried`() throws {
        let failure = try #require(after(sites(site("https://orchid.my.erp.net/id", status: "NotWorking"))).failure)
        #expect(failure.law == .answered(retryAfter: nil))
        #expect(failure.text == "the Identity site of 'https://orchid.my.erp.net' is not working")
    }

    @Test(arguments: ["Working", "Unknown", "SomethingNew", nil])
    func `DISC-16 only NotWorking means down`(status: String?) {
        #expect(after(sites(site("https://orchid.my.erp.net/id", status: status))).url == metadataURL)
    }

    @Test func `DISC-16 the first Identity site that is not down is used`() {
        let two = site("https://orchid.my.erp.net/old", status: "NotWorking") + "," + site("https://orchid.my.erp.net/id")
        #expect(after(sites(two)).url == metadataURL)
    }

    @Test(arguments: ["https://evil.example/id", "https://id.erp.net/id", "https://orchid.my.erp.net.evil.example/id", "https://10.0.0.1/id"])
    func `DISC-16 an Identity site on another host must be configured as issuer`(url: String) throws {
        let failure = try #require(after(sites(site(url))).failure)
        #expect(failure.law == .configuration)
        #expect(failure.text.contains("'issuer'"))
        #expect(after(sites(site(url)), issuer: url).url == url + "/.well-known/openid-configuration")
    }

    @Test func `DISC-16 only the configured issuer is accepted`() throws {
        let failure = try #require(after(sites(site("https://orchid.my.erp.net/id")), issuer: "https://login.orchid.example/id").failure)
        #expect(failure.law == .configuration)
        #expect(after(sites(site("https://orchid.my.erp.net/id/")), issuer: "https://orchid.my.erp.net/id").url == metadataURL)
    }

    @Test(arguments: [("https://orchid.my.erp.net/id", "https://orchid.my.erp.net/id/"), ("https://orchid.my.erp.net/id/", "https://orchid.my.erp.net/id")])
    func `DISC-16 a trailing slash may differ between the site list and the metadata, and the metadata decide`(listed: String, named: String) throws {
        var (discovery, _) = begun()
        #expect(discovery.receive(sites(site(listed)), now: now).url == metadataURL)
        let document = #"{"issuer":"\#(named)","token_endpoint":"https://orchid.my.erp.net/id/connect/token"}"#
        #expect(try #require(discovery.receive(answer(200, document), now: now).metadata).issuer == named)
        for other in ["https://orchid.my.erp.net/ID", "https://orchid.my.erp.net/id//", "https://evil.example/id"] {
            (discovery, _) = begun()
            _ = discovery.receive(sites(site(listed)), now: now)
            #expect(discovery.receive(answer(200, #"{"issuer":"\#(other)"}"#), now: now).failure?.law == .configuration)
        }
        // a configured issuer is compared exactly
        (discovery, _) = begun(issuer: listed)
        _ = discovery.receive(sites(site(listed)), now: now)
        #expect(discovery.receive(answer(200, document), now: now).failure?.text.hasSuffix("write issuer = \"\(named)\"") == true)
    }

    @Test func `DISC-16 an instance that has moved, or is an Identity site, is reported with the value to write`() throws {
        let moved = EndpointResult.response(
            EndpointResponse(status: 302, location: "https://new.my.erp.net/sys/auto-discovery", body: Secret("")))
        #expect(after(moved).failure?.text.hasSuffix("if that instance is meant, write erpnet = \"https://new.my.erp.net\"") == true)
        var (discovery, _) = begun(root: "https://orchid.my.erp.net/id")
        _ = discovery.receive(answer(404), now: now)
        let text = discovery.receive(answer(404), now: now).failure?.text
        #expect(text?.hasSuffix("check erpnet, which is the address of the instance without a path such as /id") == true)
    }

    @Test(arguments: [
        "", "{}", #"{"WebSites":{}}"#, #"{"WebSites":[]}"#, #"{"WebSites":[{"Type":"ID"}]}"#, #"{"WebSites":["ID",7,null]}"#,
        #"{"WebSites":[{"Type":"id","Url":"https://orchid.my.erp.net/id"}]}"#, #"{"WebSites":[{"Type":"ID","Url":"http://orchid.my.erp.net/id"}]}"#,
        #"{"WebSites":[{"Type":"ID","Url":"https://orchid.my.erp.net/id?x"}]}"#, #"{"WebSites":[{"Type":"ID","Url":"/id"}]}"#,
    ])
    func `an invalid document is rejected`(body: String) {
        var (discovery, _) = begun()
        var step = discovery.receive(answer(200, body), now: now)
        if step.url != nil { step = discovery.receive(answer(200, body), now: now) }
        #expect(step.failure != nil)
    }

    @Test func `a server error of the instance is retried`() throws {
        #expect(after(answer(503, retryAfter: "9")).failure?.law == .answered(retryAfter: 9))
        #expect(after(fault(.unreachable, unsent: true)).failure?.reach == .server)
        #expect(after(answer(302)).failure?.law == .silent)
    }

    @Test func `the freshness lifetime is the shorter one of both documents`() throws {
        var (discovery, _) = begun()
        let entries = #"{"WebSites":[\#(site("https://orchid.my.erp.net/id"))]}"#
        _ = discovery.receive(answer(200, entries, cacheControl: "max-age=120"), now: now)
        let step = discovery.receive(answer(200, #"{"issuer":"https://orchid.my.erp.net/id"}"#, cacheControl: "max-age=7200"), now: now)
        #expect(step.freshness == 120)
    }
}
