import Curl
import Secrets
import Testing

@Suite(.timeLimit(.minutes(3))) struct `What is known about the bytes` {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let steps: [ScriptedServer.Step]
        var tls: String?
        let phase: TransferFailure.Phase
        let causes: [TransferFailure.Cause]
    }

    private static let cases: [Case] = [
        Case(testDescription: "closed before TLS", steps: [.close], phase: .unsent, causes: [.tls]),
        Case(testDescription: "reset before TLS", steps: [.data, .reset], phase: .unsent, causes: [.tls]),
        Case(testDescription: "not TLS", steps: [.data, .send("HTTP/1.1 400 Bad\r\n\r\n")], phase: .unsent, causes: [.tls]),
        Case(testDescription: "reset before reading", steps: [.tls, .data, .reset], phase: .sent, causes: [.reset]),
        Case(testDescription: "reset before reading, TLS 1.2", steps: [.tls, .data, .reset], tls: "1.2", phase: .sent, causes: [.reset]),
        Case(testDescription: "reset after reading", steps: [.tls, .read, .reset], phase: .sent, causes: [.reset]),
        Case(testDescription: "closed after reading", steps: [.tls, .read, .close], phase: .sent, causes: [.reset]),
        Case(testDescription: "half the headers", steps: [.tls, .read, .send("HTTP/1.1 200 OK\r\nConte"), .close], phase: .sent, causes: [.reset]),
        Case(
            testDescription: "half the body", steps: [.tls, .read, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234"), .close],
            phase: .sent, causes: [.reset]),
        Case(
            testDescription: "half a chunk", steps: [.tls, .read, .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n1234"), .close],
            phase: .sent, causes: [.reset]),
        Case(
            testDescription: "body to the end of a connection that is cut", steps: [.tls, .read, .send("HTTP/1.1 200 OK\r\n\r\n1234"), .reset],
            phase: .sent, causes: [.reset]),
        Case(testDescription: "not HTTP", steps: [.tls, .read, .send("220 smtp.example ESMTP\r\n"), .close], phase: .sent, causes: [.protocolError]),
        Case(
            testDescription: "half the headers, an orderly end", steps: [.tls, .read, .send("HTTP/1.1 200 OK\r\nConte"), .bye],
            phase: .sent, causes: [.reset]),
        Case(
            testDescription: "only an interim answer", steps: [.tls, .read, .send("HTTP/1.1 100 Continue\r\n\r\n"), .bye],
            phase: .sent, causes: [.reset]),
        Case(
            testDescription: "two lengths", steps: [.tls, .read, .send("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), .close],
            phase: .sent, causes: [.protocolError]),
    ]

    @Test(arguments: cases)
    func `every lost connection reports whether the request was sent`(example: Case) async throws {
        let server = try await ScriptedServer(.good, tls: example.tls, connections: [example.steps])
        let failure = try await Exchanges().failure(of: .post("refresh_token=SECRET", server.url).with { $0.freshConnection = true })
        #expect(failure.phase == example.phase)
        #expect(example.causes.contains(failure.cause), "\(failure.cause)")
        #expect(!failure.text.contains("SECRET") && !failure.text.contains("/token"))
    }

    @Test func `a refused connection is immediately reported as unsent`() async throws {
        let (port, holder) = try ClosedPort.hold()
        defer { withExtendedLifetime(holder) {} }
        let failure = try await Exchanges().failure(of: .post("a=b", "https://localhost:\(port)/token?x=SECRET"))
        #expect(
            failure
                == TransferFailure(
                    phase: .unsent, cause: .connect, text: "no answer from 'localhost:\(port)': connection refused"))
    }

    @Test func `a name without an address is reported as unsent`() async throws {
        let failure = try await Exchanges().failure(of: .post("a=b", "https://nothing.invalid/"))
        #expect(
            failure
                == TransferFailure(
                    phase: .unsent, cause: .resolve, text: "no answer from 'nothing.invalid:443': its name could not be resolved"))
    }

    @Test func `a cancelled transfer reports whether it was sent`() async throws {
        let silent = try await ScriptedServer(.good, .hang)
        let reader = try await ScriptedServer(.good, .tls, .read, .hang)
        let exchanges = try Exchanges()
        let (connecting, asked) = (exchanges.submit(try .get(silent.url)), exchanges.submit(try .post("a=b", reader.url)))
        _ = try await silent.next("open")
        _ = try await reader.next("request")
        exchanges.thread.cancel(id: connecting)
        exchanges.thread.cancel(id: asked)
        #expect(await exchanges.outcome(of: connecting).isStopped(.unsent))
        #expect(await exchanges.outcome(of: asked).isStopped(.sent))
        exchanges.thread.cancel(id: asked)
        exchanges.thread.cancel(id: 4_711)
        exchanges.thread.stop()
        #expect(exchanges.repeated == 0)
    }

    @Test func `stop reports running transfers and later ones as stopped`() async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .hang)
        let exchanges = try Exchanges()
        let asked = exchanges.submit(try .post("a=b", server.url))
        _ = try await server.next("request")
        let queued = exchanges.submit(try .get(server.url))
        exchanges.thread.stop()
        #expect(exchanges.isReported(asked) && exchanges.isReported(queued))
        #expect(await exchanges.outcome(of: asked).isStopped(.sent))
        #expect(await exchanges.perform(try .get(server.url)).isStopped(.unsent))
        exchanges.thread.stop()
        #expect(exchanges.repeated == 0)
    }
}
