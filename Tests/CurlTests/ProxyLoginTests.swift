import Curl
import Foundation
import Secrets
import Testing

/// A proxy that requires authentication.
struct ProxyLoginTests {
    private static let basic = "Proxy-Authenticate: Basic realm=\"proxy\"\r\n"
    private static let digest = "Proxy-Authenticate: Digest realm=\"proxy\", nonce=\"n0nce\", qop=\"auth\", algorithm=SHA-256\r\n"
    private static let negotiate = "Proxy-Authenticate: Negotiate\r\n"
    private static let login = Transfer.ProxyLogin(user: "to kend", password: Secret("p%41:+ @/wörd=&"))

    private static func challenge(_ how: String, closes: Bool = false) -> String {
        "HTTP/1.1 407 No\r\n\(how)Content-Length: 0\r\n\(closes ? "Connection: close\r\n" : "")\r\n"
    }

    private func transfer(_ server: ScriptedServer, through proxy: ScriptedServer, _ login: Transfer.ProxyLogin? = login) throws -> Transfer {
        try Transfer.post("client_secret=SECRET", server.url).with {
            $0.proxy = "http://127.0.0.1:\(proxy.port)"
            $0.proxyLogin = login
        }
    }

    /// The value of a header in a request; `nil` if it is missing.
    private func authorization(_ request: String) -> String? {
        request.components(separatedBy: "\r\n").first { $0.lowercased().hasPrefix("proxy-authorization: ") }.map { String($0.dropFirst(21)) }
    }

    @Test(arguments: [false, true]) func `NET-10 a proxy that requires Basic gets the user name and the password`(closes: Bool) async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .answer("{}"))
        let asks = ScriptedServer.Step.send(Self.challenge(Self.basic, closes: closes))
        let proxy = try await ScriptedServer(nil, connections: closes ? [[.read, asks, .close], [.read, .tunnel]] : [[.read, asks, .read, .tunnel]])
        #expect(try await Exchanges().response(to: transfer(server, through: proxy)).status == 200)
        let (first, second) = try await (proxy.next("request").text, proxy.next("request").text)
        #expect(authorization(first) == nil)
        #expect(authorization(second) == "Basic " + Data("to kend:p%41:+ @/wörd=&".utf8).base64EncodedString())
        let request = try await server.next("request").text
        #expect(request.hasSuffix("client_secret=SECRET") && authorization(request) == nil)
    }

    @Test func `NET-10 the password is not sent if the proxy offers Digest`() async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .answer("{}"))
        let proxy = try await ScriptedServer(nil, .read, .send(Self.challenge(Self.basic + Self.digest)), .read, .tunnel)
        #expect(try await Exchanges().response(to: transfer(server, through: proxy)).status == 200)
        _ = try await proxy.next("request")
        let second = try await proxy.next("request").text
        let value = try #require(authorization(second))
        #expect(value.hasPrefix("Digest username=\"to kend\"") && value.contains("response="), "\(value)")
    }

    @Test func `a rejected proxy login is reported with the remedy and without the password`() async throws {
        for (how, text) in [
            (Self.basic, "(status 407): it rejects the configured user name and password; correct them under proxy"),
            (Self.digest, "(status 407): it rejects the configured user name and password; correct them under proxy"),
            (Self.negotiate, "(status 407): it requires an authentication other than Basic and Digest, which is not supported"),
        ] {
            let proxy = try await ScriptedServer(nil, .read, .send(Self.challenge(how)), .read, .send(Self.challenge(how, closes: true)), .close)
            let transfer = try Transfer.get("https://localhost:1/").with {
                $0.proxy = "http://127.0.0.1:\(proxy.port)"
                $0.proxyLogin = Self.login
            }
            let failure = try await Exchanges().failure(of: transfer)
            #expect(failure.cause == .proxyRefusal && failure.phase == .unsent && failure.text.hasSuffix(text), "\(failure.text)")
            #expect(!failure.text.contains("wörd"))
        }
    }

    @Test func `a tunnel that was opened with a login is not reused`() async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .answer("{}"), .read, .answer("{}"))
        let proxy = try await ScriptedServer(nil, .read, .tunnel)
        let exchanges = try Exchanges()
        let other = Transfer.ProxyLogin(user: "other", password: Secret("pass"))
        for login in [Self.login, other, nil] { _ = try await exchanges.response(to: transfer(server, through: proxy, login)) }
        let requests = try await [proxy.next("request"), proxy.next("request"), proxy.next("request")]
        #expect(requests.map(\.connection) == [0, 1, 2])
        #expect(requests.allSatisfy { $0.text.hasPrefix("CONNECT ") })
    }
}
