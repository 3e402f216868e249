import OAuth
import Testing

struct `Addresses` {
    private func read(_ text: String, allowsQuery: Bool = false) -> Result<HTTPSURL, HTTPSURL.Problem> {
        Result { () throws(HTTPSURL.Problem) in try HTTPSURL(text, allowsQuery: allowsQuery) }
    }

    @Test(arguments: [
        ("https://h", "h", 443, ""), ("https://h/", "h", 443, "/"), ("https://orchid.my.erp.net/id", "orchid.my.erp.net", 443, "/id"),
        ("HTTPS://Orchid.My.ERP.net:8443/Id", "orchid.my.erp.net", 8443, "/Id"), ("https://127.0.0.1:1/a/b%20c", "127.0.0.1", 1, "/a/b%20c"),
        ("https://[::1]:65535/x", "[::1]", 65_535, "/x"), ("https://[FE80::1]", "[fe80::1]", 443, ""),
        ("https://xn--bcher-kva.example/~a/;p=1,2", "xn--bcher-kva.example", 443, "/~a/;p=1,2"),
        ("https://a_b.c/.well-known/x", "a_b.c", 443, "/.well-known/x"),
    ])
    func `an absolute https URL is parsed`(text: String, host: String, port: Int, path: String) throws {
        let url = try read(text).get()
        #expect(url.text == text)
        #expect(url.host == host)
        #expect(url.port == port)
        #expect(url.path == path)
    }

    @Test(arguments: [
        ("", HTTPSURL.Problem.notHTTPS), ("http://h/", .notHTTPS), ("h/path", .notHTTPS), ("//h/path", .notHTTPS), ("https:/h", .notHTTPS),
        ("https:\\\\h", .notHTTPS), (" https://h", .notHTTPS), ("javascript:https://h", .notHTTPS),
        ("https://h/a b", .characters), ("https://h/\u{0}", .characters), ("https://h/\r\nX: y", .characters), ("https://bücher.example", .characters),
        ("https://h\\@evil/", .characters), ("https://h/%", .characters), ("https://h/%2", .characters), ("https://h/%zz", .characters),
        ("https://h/<x>", .characters), ("https://h/{id}", .characters),
        ("https://user@h/", .userInfo), ("https://user:pw@h/", .userInfo), ("https://idp.example@evil.example/", .userInfo),
        ("https://", .host), ("https:///path", .host), ("https://:443/", .host), ("https://.h", .host), ("https://h.", .host), ("https://a..b", .host),
        ("https://-a.b", .host), ("https://a%2eb/", .host), ("https://[::1", .host), ("https://[x]", .host), ("https://[]", .host),
        ("https://127.1", .host), ("https://2130706433", .host), ("https://0x7f000001", .host), ("https://0x7f.1", .host), ("https://010.0.0.1", .host),
        ("https://256.0.0.1", .host), ("https://1.2.3.4.5", .host),
        ("https://h:", .port), ("https://h:0", .port), ("https://h:65536", .port), ("https://h:+1", .port), ("https://h:8x", .port),
        ("https://h:080", .port), ("https://[::1]x", .port), ("https://h:99999999999999999999", .port),
        ("https://h/?", .query), ("https://h/a?b=c", .query), ("https://h?x", .query), ("https://h/#", .fragment), ("https://h#x", .fragment),
        ("https://h/a/../b", .dotSegment), ("https://h/./b", .dotSegment), ("https://h/..", .dotSegment),
    ])
    func `a URL that could be requested or compared differently from its text is rejected`(text: String, problem: HTTPSURL.Problem) {
        #expect(read(text) == .failure(problem))
    }

    @Test func `a URL that is too long is rejected`() {
        #expect(read("https://h/" + String(repeating: "a", count: 2048)) == .failure(.tooLong))
        #expect(read("https://" + String(repeating: "a.", count: 200) + "b") == .failure(.host))
    }

    @Test func `an endpoint may have a query, which is not shown`() throws {
        let url = try HTTPSURL("https://h:8443/token?tenant=7&k=s3cr3t", allowsQuery: true)
        #expect(url.query == "tenant=7&k=s3cr3t")
        #expect("\(url)" == "https://h:8443/token")
        #expect(read("https://h/token?a#b", allowsQuery: true) == .failure(.fragment))
    }

    @Test func `hosts are compared without case, whatever the port`() throws {
        let here = try HTTPSURL("https://Idp.Example/id")
        #expect(here.isOnSameHost(as: try HTTPSURL("https://idp.example:8443/x")))
        #expect(!here.isOnSameHost(as: try HTTPSURL("https://idp.example.evil.example/id")))
        #expect(!here.isOnSameHost(as: try HTTPSURL("https://example/id")))
    }

    @Test func `every problem has a text`() {
        let problems: [HTTPSURL.Problem] = [.notHTTPS, .tooLong, .characters, .userInfo, .host, .port, .query, .fragment, .dotSegment]
        for problem in problems { #expect(problem.description.hasPrefix("is ") || problem.description.hasPrefix("has ")) }
        #expect(Set(problems.map(\.description)).count == problems.count)
    }
}
