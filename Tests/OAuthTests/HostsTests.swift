import OAuth
import Testing

/// The hosts that the daemon connects to for a configured server.
struct HostsTests {
    private func pinned(_ change: (inout PinnedEndpoints) -> Void) -> PinnedEndpoints {
        var endpoints = PinnedEndpoints()
        change(&endpoints)
        return endpoints
    }

    @Test func `the hosts are those of the issuer, the site and the pinned endpoints, without duplicates`() {
        let server = ServerSettings(
            location: .erpnet(root: "https://demo.my.erp.net", issuer: "https://id.my.erp.net:8443/id"),
            endpoints: pinned {
                $0.token = "https://token.example.com/t?v=2"
                $0.jwks = "https://ID.my.erp.net/keys"
            })
        #expect(server.hosts() == ["demo.my.erp.net", "id.my.erp.net", "token.example.com"])
    }

    @Test func `endpoints for the browser are not among the hosts`() {
        let server = ServerSettings(
            location: .issuer("https://id.example.com"),
            endpoints: pinned {
                $0.authorization = "https://login.example.com/a"
                $0.endSession = "https://bye.example.com/e"
            })
        #expect(server.hosts() == ["id.example.com"])
    }

    @Test func `an API that tests reference tokens is among the hosts`() {
        #expect(
            ServerSettings(location: .issuer("https://id.example.com")).hosts(apis: ["https://api.example.com/me"]) == ["id.example.com", "api.example.com"])
    }

    @Test(arguments: [
        ("http://proxy.example.com:3128", "proxy.example.com"), ("http://192.0.2.7:80", "192.0.2.7"), ("http://[2001:db8::1]:3128", "2001:db8::1"),
    ])
    func `a proxy is the only host`(proxy: String, host: String) {
        let server = ServerSettings(location: .issuer("https://id.example.com"), proxy: ProxySettings(url: proxy))
        #expect(server.hosts(apis: ["https://api.example.com/me"]) == [host])
    }

    @Test func `an IPv6 address is listed without brackets`() {
        #expect(ServerSettings(location: .issuer("https://[2001:db8::1]:8443")).hosts() == ["2001:db8::1"])
    }
}
