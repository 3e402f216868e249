import Curl
import Foundation
import Secrets
import Testing

@Suite(.timeLimit(.minutes(3))) struct `What is sent and what comes back` {
    @Test func `NET-06 NET-09 a form is sent as one POST with exactly these bytes`() async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .answer("{}"))
        let transfer = try Transfer.post("grant_type=client_credentials&scope=a%20b", server.url).with {
            $0.headers = [("Authorization", Secret("Basic aWQ6c2VjcmV0")), ("X-Empty", Secret(""))]
        }
        _ = try await Exchanges().response(to: transfer)
        let expected = """
            POST /token HTTP/1.1\r
            Host: localhost:\(server.port)\r
            User-Agent: tokend/0.test\r
            Accept: application/json\r
            Authorization: Basic aWQ6c2VjcmV0\r
            X-Empty:\r
            Content-Length: 41\r
            Content-Type: application/x-www-form-urlencoded\r
            \r
            grant_type=client_credentials&scope=a%20b
            """
        #expect(try await server.next("request").text == expected)
    }

    @Test func `NET-07 NET-09 a GET accepts JSON and reveals nothing about this host`() async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .answer("{}"))
        _ = try await Exchanges().response(to: .get(server.url + "?a=b"))
        let expected = """
            GET /token?a=b HTTP/1.1\r
            Host: localhost:\(server.port)\r
            User-Agent: tokend/0.test\r
            Accept: application/json\r
            \r

            """
        #expect(try await server.next("request").text == expected)
    }

    @Test(arguments: [0, 1, 70_000, 1_200_000])
    func `NET-06 a form of any size is sent completely and without Expect`(size: Int) async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .answer("{}"))
        let form = String(repeating: "x", count: size)
        _ = try await Exchanges().response(to: .post(form, server.url))
        let request = try await server.next("request")
        let head = try #require(request.text.components(separatedBy: "\r\n\r\n").first)
        #expect(request.count == head.utf8.count + 4 + size)
        #expect(head.contains("Content-Length: \(size)\r\n"))
        #expect(!head.contains("Expect"))
    }

    @Test func `a response has its status, its body and the relevant headers in any case`() async throws {
        let headers = "rETRY-aFTER: 7\r\nDATE: Thu, 01 Jan 1970 00:00:00 GMT\r\ncontent-type: application/json\r\nCache-CONTROL: no-store\r\n"
        let body = #"{"access_token":"t"}"#
        let server = try await ScriptedServer(
            .good, .tls, .read,
            .send("HTTP/1.1 100 Continue\r\nRetry-After: 1\r\n\r\nHTTP/1.1 503 Busy\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"))
        let response = try await Exchanges().response(to: .get(server.url))
        #expect(response.status == 503)
        #expect(response.retryAfter == "7")
        #expect(response.date == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(response.contentType == "application/json")
        #expect(response.cacheControl == "no-store")
        #expect(response.body.text == body)
        #expect(response.duration > 0)
    }

    @Test func `a response without headers and body is valid`() async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .send("HTTP/1.1 204 No Content\r\n\r\n"))
        let response = try await Exchanges().response(to: .get(server.url))
        #expect(response.status == 204)
        #expect(response.retryAfter == nil)
        #expect(response.body.isEmpty)
    }

    @Test(arguments: [ScriptedServer.Step.bye, .close])
    func `a body without a length ends with the connection`(end: ScriptedServer.Step) async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .send("HTTP/1.1 200 OK\r\n\r\nabc"), end)
        #expect(try await Exchanges().response(to: .get(server.url)).body.text == "abc")
    }

    @Test func `a chunked body is decoded`() async throws {
        let server = try await ScriptedServer(
            .good, .tls, .read,
            .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"))
        #expect(try await Exchanges().response(to: .get(server.url)).body.text == "abcdefg")
    }

    @Test(arguments: [301, 302, 303, 307, 308], [true, false])
    func `NET-04 NET-05 a redirect is a response and is never followed`(status: Int, posts: Bool) async throws {
        let elsewhere = try await ScriptedServer(.good, .tls, .read, .answer("{}"))
        let server = try await ScriptedServer(
            .good, .tls, .read,
            .send("HTTP/1.1 \(status) Moved\r\nLocation: \(elsewhere.url)\r\nContent-Length: 0\r\n\r\n"))
        let exchanges = try Exchanges()
        let response = try await exchanges.response(to: posts ? .post("a=b", server.url) : .get(server.url))
        #expect(response.status == status)
        // this is the first request that the other server receives
        _ = try await exchanges.response(to: .get(elsewhere.url + "?direct"))
        #expect(try await elsewhere.next("request").text.hasPrefix("GET /token?direct "))
    }

    @Test func `NET-09 cookies are not stored`() async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .answer("{}", headers: "Set-Cookie: a=b\r\n"), .read, .answer("{}"))
        let exchanges = try Exchanges()
        for _ in 0..<2 { _ = try await exchanges.response(to: .get(server.url)) }
        _ = try await server.next("request")
        #expect(try await !server.next("request").text.contains("ookie"))
    }

    @Test(arguments: [("A", "b\r\nX: y"), ("A", "b\nX: y"), ("A", "b\0c"), ("A: b\r\nX", "y"), ("", "y"), ("A b", "c"), ("A", "\u{7f}")])
    func `a header that could break the request is rejected before anything is sent`(name: String, value: String) async throws {
        let transfer = try Transfer.get("https://localhost:1/").with { $0.headers = [(name, Secret(value))] }
        let failure = try await Exchanges().failure(of: transfer)
        #expect(failure.cause == .badURL)
        #expect(failure.phase == .unsent)
    }
}
