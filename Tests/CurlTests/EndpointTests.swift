@testable import Curl
import Secrets
import Testing

@Suite(.timeLimit(.minutes(3))) struct `Addresses that may be called` {
    @Test(arguments: [
        ("https://id.example", "id.example:443"), ("https://id.example:8443/x?y", "id.example:8443"), ("HTTPS://ID.Example./x", "ID.Example:443"),
        ("https://10.0.0.1/", "10.0.0.1:443"), ("https://[::1]:44/", "[::1]:44"),
    ])
    func `NET-03 an https URL gives its host and port`(url: String, name: String) throws {
        #expect(try Endpoint(url, as: .server(plainHTTPOnLoopback: false)).name == name)
    }

    @Test(arguments: ["http://localhost/", "http://127.0.0.1:80/x", "http://[::1]:8080/"])
    func `NET-03 plain http requires the flag and a loopback host`(url: String) throws {
        #expect(try Endpoint(url, as: .server(plainHTTPOnLoopback: true)).host.isEmpty == false)
        #expect(throws: TransferFailure.self) { try Endpoint(url, as: .server(plainHTTPOnLoopback: false)) }
    }

    @Test(arguments: [
        "http://id.example/", "http://127.0.0.2/", "http://localhost.example/", "http://localhost./", "http://2130706434/", "http://localhost@id.example/",
        "ftp://localhost/", "file:///etc/passwd",
        "id.example", "https:id.example", "https:/id.example", "https:///id.example", "https://", "https://user@id.example/", "https://u:p@id.example/",
        "https://id.example/#f", "https://id.example/a b", "https://id.example/\r\nX: y", "https://id.example\\@evil.example/", "https://xn--é.example/",
        "https://[fe80::1%25eth0]/", "https://id.example:99999/", "https://id.example:x/", "https://id.exa%00mple/", "", "https://./", "//id.example/",
    ])
    func `NET-03 any other URL is rejected`(url: String) {
        #expect(throws: TransferFailure.self) { try Endpoint(url, as: .server(plainHTTPOnLoopback: true)) }
    }

    @Test(arguments: ["https://proxy:3128", "socks5://proxy:1080", "http://user:pw@proxy:3128", "http://proxy:3128/path", "proxy:3128", ""])
    func `NET-10 a proxy that is not plain http is refused`(url: String) {
        #expect(throws: TransferFailure.self) { try Endpoint(url, as: .proxy) }
    }

    @Test func `a rejected URL is reported without its text`() async throws {
        let failure = try await Exchanges().failure(of: Transfer(.post(form: Secret("a=b")), url: "http://id.example/?code=SECRET", group: "g"))
        #expect(failure == TransferFailure(phase: .unsent, cause: .badURL, text: "the server's address is not https"))
    }

    @Test func `NET-03 plain http to the loopback works with the flag`() async throws {
        let server = try await ScriptedServer(nil, .read, .answer("{}"))
        let transfer = Transfer(.get, url: "http://127.0.0.1:\(server.port)/", group: "g")
        #expect(try await Exchanges().failure(of: transfer).cause == .badURL)
        #expect(try await Exchanges().response(to: transfer.with { $0.allowPlainHTTPOnLoopback = true }).status == 200)
    }
}
