import Curl
import Glibc
import Secrets
import Testing

@Suite(.timeLimit(.minutes(3))) struct `Connections kept and not kept` {
    @Test func `a connection is reused for a second transfer`() async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .answer("1"), .read, .answer("2"), .hang)
        let exchanges = try Exchanges()
        for body in ["1", "2"] { #expect(try await exchanges.response(to: .get(server.url)).body.text == body) }
    }

    @Test func `NET-11 freshConnection opens a new connection although an idle one exists`() async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .answer("{}"), .read, .answer("{}"))
        let exchanges = try Exchanges()
        _ = try await exchanges.response(to: .get(server.url))
        _ = try await exchanges.response(to: .post("a=b", server.url).with { $0.freshConnection = true })
        _ = try await server.next("request")
        #expect(try await server.next("request").connection == 1)
    }

    /// How the server ends a connection on which a request was just sent.
    enum End: String, CaseIterable {
        case close, reset, bye

        var step: ScriptedServer.Step {
            switch self {
            case .close: .close
            case .reset: .reset
            case .bye: .bye
            }
        }
    }

    @Test(arguments: End.allCases)
    func `NET-11 a request that is lost on a reused connection is sent once more on a new one`(end: End) async throws {
        let server = try await ScriptedServer(
            .good, connections: [[.tls, .read, .answer("{}"), .read, end.step, .hang], [.tls, .read, .answer("{}"), .hang]])
        let exchanges = try Exchanges()
        _ = try await exchanges.response(to: .get(server.url))
        #expect(try await exchanges.response(to: .post("token=a", server.url)).status == 200)
        let requests = try await [server.next("request"), server.next("request"), server.next("request")]
        #expect(requests.map { $0.text.prefix(11) } == ["GET /token ", "POST /token", "POST /token"])
        #expect(requests.map(\.connection) == [0, 0, 1])
        #expect(requests[2].text.hasSuffix("\r\n\r\ntoken=a"))
        #expect(exchanges.repeated == 0)
    }

    @Test func `NET-11 the second attempt is the last, and it does not reuse a connection`() async throws {
        let dying: [ScriptedServer.Step] = [.tls, .read, .pause(milliseconds: 300), .answer("{}"), .read, .close]
        let server = try await ScriptedServer(.good, connections: [dying, dying, [.tls, .read, .close], [.tls, .read, .answer("{}")]])
        let exchanges = try Exchanges()
        let both = try [exchanges.submit(.get(server.url)), exchanges.submit(.get(server.url))]
        for id in both { _ = try await exchanges.outcome(of: id).get() }
        let failure = try await exchanges.failure(of: .post("a=b", server.url))
        #expect(failure.phase == .sent && failure.cause == .reset, "\(failure)")
        var connections: [Int] = []
        for _ in 0..<4 { connections.append(try await server.next("request").connection) }
        #expect(connections[2] < 2 && connections[3] == 2)
        _ = try await exchanges.response(to: .get(server.url).with { $0.freshConnection = true })
        #expect(try await server.next("request").connection == 3)
    }

    @Test func `NET-08 a request that consumes something is sent once, however its connection ends`() async throws {
        let server = try await ScriptedServer(
            .good, connections: [[.tls, .read, .answer("{}"), .read], [.tls, .read, .close], [.tls, .read, .answer("{}")]])
        let exchanges = try Exchanges()
        _ = try await exchanges.response(to: .get(server.url))
        let failure = try await exchanges.failure(of: .post("refresh_token=a", server.url).with { $0.freshConnection = true })
        #expect(failure.phase == .sent && failure.cause == .reset, "\(failure)")
        _ = try await exchanges.response(to: .get(server.url + "?next").with { $0.freshConnection = true })
        let requests = try await [server.next("request"), server.next("request"), server.next("request")].map { String($0.text.prefix(10)) }
        #expect(requests == ["GET /token", "POST /toke", "GET /token"])
    }

    @Test func `NET-08 a request whose response has started is not sent again`() async throws {
        let server = try await ScriptedServer(
            .good, connections: [[.tls, .read, .answer("{}"), .read, .send("HTTP/1.1 200 OK\r\n"), .close], [.tls, .read, .answer("{}")]])
        let exchanges = try Exchanges()
        _ = try await exchanges.response(to: .get(server.url))
        let failure = try await exchanges.failure(of: .post("a=b", server.url))
        #expect(failure.phase == .sent)
    }

    @Test func `NET-08 both attempts together take no longer than the timeout`() async throws {
        let server = try await ScriptedServer(
            .good, connections: [[.tls, .read, .answer("{}"), .read, .pause(milliseconds: 5_000), .close], [.tls, .read, .hang]])
        let exchanges = try Exchanges()
        _ = try await exchanges.response(to: .get(server.url))
        let start = ContinuousClock().now
        let failure = try await exchanges.failure(of: .post("a=b", server.url).with { $0.timeout = 6_000 })
        #expect(failure.cause == .timeout && failure.phase == .sent)
        // a second attempt with a time of its own would end after 11 s
        #expect(ContinuousClock().now - start < .seconds(10))
    }

    @Test func `NET-08 a request that was sent once counts as sent, even if the second connection fails`() async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .answer("{}"), .pause(milliseconds: 100), .leave, .read, .close)
        let exchanges = try Exchanges()
        _ = try await exchanges.response(to: .get(server.url))
        _ = try await server.next("left")
        let failure = try await exchanges.failure(of: .post("a=b", server.url))
        #expect(failure.phase == .sent && failure.cause == .connect, "\(failure)")
    }

    @Test(arguments: ["GET", "POST"])
    func `NET-11 a connection that asyncio closed with close_notify only is replaced without a failure`(method: String) async throws {
        let server = try await ScriptedServer(asyncioIdle: 0.3)
        let exchanges = try Exchanges()
        for number in 0..<3 {
            let transfer: Transfer = method == "GET" ? try .get(server.url) : try .post("a=b", server.url)
            #expect(try await exchanges.response(to: transfer).status == 200)
            #expect(try await server.next("request").connection == number)
            _ = try await server.next("closed")
        }
    }

    @Test func `a reused connection that the server has closed is replaced without a failure`() async throws {
        let server = try await ScriptedServer(.good, connections: [[.tls, .read, .answer("{}"), .close], [.tls, .read, .answer("{}")]])
        let exchanges = try Exchanges()
        _ = try await exchanges.response(to: .get(server.url))
        _ = try await server.next("gone")
        #expect(try await exchanges.response(to: .post("a=b", server.url)).status == 200)
        #expect(try await server.next("request").connection == 1)
    }

    @Test func `NET-10 a request through a proxy is tunnelled and invisible to it`() async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .answer("{}"))
        let proxy = try await ScriptedServer(nil, .read, .tunnel)
        let transfer = try Transfer.post("client_secret=SECRET", server.url).with {
            $0.headers = [("Authorization", Secret("Basic SECRET"))]
            $0.proxy = "http://127.0.0.1:\(proxy.port)"
        }
        #expect(try await Exchanges().response(to: transfer).status == 200)
        let asked = try await proxy.next("request").text
        #expect(asked.hasPrefix("CONNECT localhost:\(server.port) HTTP/1.1\r\n"))
        #expect(!asked.contains("SECRET") && !asked.contains("Authorization"))
        #expect(try await proxy.next("tunnelled").bytes.prefix(2) == [0x16, 0x03])
        #expect(try await server.next("request").text.hasSuffix("client_secret=SECRET"))
    }

    @Test func `NET-10 a proxy of the environment is not used`() async throws {
        let (port, holder) = try ClosedPort.hold()
        defer { withExtendedLifetime(holder) {} }
        for name in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy"] { setenv(name, "http://127.0.0.1:\(port)", 1) }
        let server = try await ScriptedServer(.good, .tls, .read, .answer("{}"))
        #expect(try await Exchanges().response(to: .get(server.url)).status == 200)
    }

    @Test func `NET-10 no_proxy of the environment does not disable the configured proxy`() async throws {
        setenv("no_proxy", "*", 1)
        let server = try await ScriptedServer(.good, .tls, .read, .answer("{}"))
        let proxy = try await ScriptedServer(nil, .read, .tunnel)
        _ = try await Exchanges().response(to: .get(server.url).with { $0.proxy = "http://127.0.0.1:\(proxy.port)" })
        #expect(try await proxy.next("request").text.hasPrefix("CONNECT "))
    }

    @Test func `NET-10 plain http to the loopback is tunnelled, too`() async throws {
        let server = try await ScriptedServer(nil, .read, .answer("{}"))
        let proxy = try await ScriptedServer(nil, .read, .tunnel)
        let transfer = Transfer(.get, url: "http://localhost:\(server.port)/", group: "g").with {
            $0.allowPlainHTTPOnLoopback = true
            $0.proxy = "http://localhost:\(proxy.port)"
        }
        #expect(try await Exchanges().response(to: transfer).status == 200)
        #expect(try await proxy.next("request").text.hasPrefix("CONNECT "))
    }

    @Test func `NET-10 a connection through a proxy is not reused for a direct transfer, nor the reverse`() async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .answer("{}"), .read, .answer("{}"))
        let proxy = try await ScriptedServer(nil, .read, .tunnel)
        let exchanges = try Exchanges()
        _ = try await exchanges.response(to: .get(server.url))
        _ = try await exchanges.response(to: .get(server.url).with { $0.proxy = "http://127.0.0.1:\(proxy.port)" })
        _ = try await exchanges.response(to: .get(server.url))
        let requests = try await [server.next("request"), server.next("request"), server.next("request")].map(\.connection)
        #expect(requests == [0, 1, 0])
    }

    @Test func `a proxy that refuses, hangs up or is unreachable is reported as the cause, and the request as unsent`() async throws {
        let refusing = try await ScriptedServer(nil, .read, .send("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"), .close)
        let leaving = try await ScriptedServer(nil, .read, .close)
        let (gone, holder) = try ClosedPort.hold()
        defer { withExtendedLifetime(holder) {} }
        for port in [refusing.port, leaving.port, gone] {
            let failure = try await Exchanges().failure(of: .post("a=b", "https://localhost:1/").with { $0.proxy = "http://127.0.0.1:\(port)" })
            #expect(failure.cause == (port == refusing.port ? .proxyRefusal : .proxy), "\(failure.text)")
            let remedy = "(status 407): it requires a user name and a password; write them next to its address"
            #expect(failure.text.contains(remedy) == (port == refusing.port), "\(failure.text)")
            #expect(failure.phase == .unsent)
        }
        for (status, cause) in [(403, .proxyRefusal), (405, .proxyRefusal), (503, .proxy), (302, .proxy)] as [(Int, TransferFailure.Cause)] {
            let proxy = try await ScriptedServer(nil, .read, .send("HTTP/1.1 \(status) No\r\nContent-Length: 0\r\n\r\n"), .close)
            let failure = try await Exchanges().failure(of: .get("https://localhost:1/").with { $0.proxy = "http://127.0.0.1:\(proxy.port)" })
            #expect(failure.cause == cause, "\(failure.text)")
            #expect(failure.text.contains("opened no tunnel (status \(status))"), "\(failure.text)")
        }
        let nameless = try await Exchanges().failure(of: .get("https://localhost:1/").with { $0.proxy = "http://nothing.invalid:1" })
        #expect(
            nameless
                == TransferFailure(
                    phase: .unsent, cause: .proxy, text: "no answer from 'localhost:1': the proxy 'nothing.invalid:1' could not be resolved"))
    }

    @Test func `the certificate is verified through a tunnel, too`() async throws {
        let server = try await ScriptedServer(.otherName, .tls, .read, .answer("{}"))
        let proxy = try await ScriptedServer(nil, .read, .tunnel)
        let failure = try await Exchanges().failure(of: .get(server.url).with { $0.proxy = "http://127.0.0.1:\(proxy.port)" })
        #expect(failure.cause == .certificate(reason: "hostname mismatch"))
        #expect(failure.phase == .unsent)
    }
}
