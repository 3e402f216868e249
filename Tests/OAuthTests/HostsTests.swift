import OAuth
import Testing

/// Whom a configured server has this daemon connect to.
struct HostsTests {
    private func pinned(_ change: (inout PinnedEndpoints) -> Void) -> PinnedEndpoints {
        var endpoints = PinnedEndpoints()
        change(&endpoints)
        return endpoints
    }

    @Test func `the issuer, the site and what is pinned are connected, once each`() {
        let server = ServerSettings(
            location: .erpnet(root: "https://demo.my.erp.net", issuer: "https://id.my.erp.net:8443/id"),
            endpoints: pinned {
                $0.token = "https://token.example.com/t?v=2"
                $0.jwks = "https://ID.my.erp.net/keys"
            })
        #expect(server.hosts() == ["demo.my.erp.net", "id.my.erp.net", "token.example.com"])
    }

    @Test func `where a person's browser goes is not connected from here`() {
        let server = ServerSettings(
            location: .issuer("https://id.example.com"),
            endpoints: pinned {
                $0.authorization = "https://login.example.com/a"
                $0.endSession = "https://bye.example.com/e"
            })
        #expect(server.hosts() == ["id.example.com"])
    }

    @Test func `an API that is asked about reference tokens is connected too`() {
        #expect(
            ServerSettings(location: .issuer("https://id.example.com")).hosts(apis: ["https://api.example.com/me"]) == ["id.example.com", "api.example.com"])
    }

    @Test(arguments: [
        ("http://proxy.example.com:3128", "proxy.example.com"), ("http://192.0.2.7:80", "192.0.2.7"), ("http://[2001:db8::1]:3128", "2001:db8::1"),
    ])
    func `behind a proxy nobody else is connected`(proxy: String, host: String) {
        let server = ServerSettings(location: .issuer("https://id.example.com"), proxy: ProxySettings(url: proxy))
        #expect(server.hosts(apis: ["https://api.example.com/me"]) == [host])
    }

    @Test func `an address of IPv6 is named without brackets`() {
        #expect(ServerSettings(location: .issuer("https://[2001:db8::1]:8443")).hosts() == ["2001:db8::1"])
    }
}
