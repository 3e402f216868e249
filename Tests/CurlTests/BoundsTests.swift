import Curl
import Glibc
import Secrets
import Testing

@Suite(.timeLimit(.minutes(3))) struct `Bounded in size and time` {
    @Test func `NET-07 a body of exactly the limit is accepted`() async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .send("HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n"), .fill("x", times: 1 << 20))
        #expect(try await Exchanges().response(to: .get(server.url)).body.count == 1 << 20)
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2097152\r\n\r\n", "x", 2 << 20),
        ("HTTP/1.1 200 OK\r\n\r\n", "x", (1 << 20) + 1),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n", "x", 2 << 20),
        ("HTTP/1.1 200 OK\r\n", "A: b\r\n", 12_000),
        ("HTTP/1.1 200 OK\r\nA: ", "x", 200_000),
    ])
    func `NET-07 a larger response fails the transfer`(start: String, more: String, times: Int) async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .send(start), .fill(more, times: times), .hang)
        let failure = try await Exchanges().failure(of: .get(server.url))
        #expect(failure.cause == .tooLarge)
        #expect(failure.phase == .sent)
    }

    @Test(arguments: ["Content-Length: 2\r\nContent-Length: 2", "Content-Length: 2\r\nA: b\r\ncontent-LENGTH: 200", "Content-Length:2\r\nContent-Length:"])
    func `a second Content-Length fails the transfer, and its connection is not reused`(lengths: String) async throws {
        let server = try await ScriptedServer(
            .good, connections: [[.tls, .read, .send("HTTP/1.1 200 OK\r\n\(lengths)\r\n\r\n{}"), .read, .answer("again")], [.tls, .read, .answer("new")]])
        let exchanges = try Exchanges()
        let failure = try await exchanges.failure(of: .get(server.url))
        #expect(failure.cause == .protocolError)
        #expect(failure.phase == .sent)
        #expect(try await exchanges.response(to: .get(server.url)).body.text == "new")
    }

    @Test func `one Content-Length in each of two responses is valid`() async throws {
        let server = try await ScriptedServer(
            .good, .tls, .read, .send("HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n\r\n"), .answer("{}"), .read, .answer("{}"))
        let exchanges = try Exchanges()
        for _ in 0..<2 { #expect(try await exchanges.response(to: .get(server.url)).body.count == 2) }
    }

    @Test func `NET-07 compression is not requested, and a compressed body is not decompressed`() async throws {
        let packed: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 5, 0, 0x93, 0x42, 0xb8, 0x9a, 1, 0, 0, 0]
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(packed.count)\r\n\r\n"
        let server = try await ScriptedServer(.good, .tls, .read, .send(head), .sendBytes(packed))
        let response = try await Exchanges().response(to: .get(server.url))
        #expect(response.body.withBytes { Array($0) } == packed)
    }

    enum Stall: CaseIterable { case beforeTLS, deaf, beforeAnswer, slowHeaders, slowBody }

    @Test(arguments: Stall.allCases)
    func `NET-08 a server that stalls delays the transfer by its timeout only`(stall: Stall) async throws {
        let steps: [ScriptedServer.Step] =
            switch stall {
            case .beforeTLS: [.hang]
            case .deaf: [.tls, .hang]
            case .beforeAnswer: [.tls, .read, .hang]
            case .slowHeaders: [.tls, .read, .send("HTTP/1.1 200 OK\r\n"), .drip("A: b\r\n")]
            case .slowBody: [.tls, .read, .send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"), .drip("x")]
            }
        let server = try await ScriptedServer(.good, connections: [steps])
        let clock = ContinuousClock()
        let start = clock.now
        let failure = try await Exchanges().failure(of: .post("a=b", server.url).with { $0.timeout = 5_000 })
        #expect(failure.cause == .timeout)
        #expect(failure.phase == (stall == .beforeTLS ? .unsent : .sent))
        #expect(clock.now - start >= .milliseconds(4_990))
        #expect(clock.now - start < .seconds(15))
    }

    @Test func `a response that arrived while the process was stopped is accepted, however late`() async throws {
        let slow = try await ScriptedServer(.good, .tls, .read, .pause(milliseconds: 1_000), .answer("{}"))
        let quick = try await ScriptedServer(.good, .tls, .read, .answer("{}"))
        let (outcomes, reports) = AsyncStream.makeStream(of: (UInt64, Exchanges.Outcome).self)
        // the callback of the quick transfer blocks the exchange thread until the slow transfer is past its deadline
        let thread = try ExchangeThread(userAgent: "tokend/0.test") { id, outcome in
            if id == 2 { usleep(4_000_000) }
            reports.yield((id, outcome))
        }
        thread.submit(try .post("a=b", slow.url).with { $0.timeout = 4_000 }, id: 1)
        _ = try await slow.next("request")
        thread.submit(try .get(quick.url), id: 2)
        for await (id, outcome) in outcomes where id == 1 {
            #expect(try outcome.get().status == 200)
            break
        }
        thread.stop()
    }

    @Test func `NET-08 the connection has its own timeout`() async throws {
        let server = try await ScriptedServer(.good, .hang)
        let start = ContinuousClock().now
        let failure = try await Exchanges().failure(of: .get(server.url).with { $0.connectTimeout = 300 })
        // the timeout of the whole transfer, 30 s, would give the same text
        #expect(ContinuousClock().now - start < .seconds(20))
        #expect(
            failure
                == TransferFailure(
                    phase: .unsent, cause: .timeout, text: "no answer from 'localhost:\(server.port)': it took too long to connect"))
    }

    @Test(arguments: [0, -5, Int.max])
    func `an invalid timeout neither traps nor waits for good`(timeout: Int) async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .answer("{}"))
        let exchanges = try Exchanges()
        let outcome = await exchanges.perform(
            try .get(server.url).with {
                $0.timeout = timeout; $0.connectTimeout = timeout
            })
        switch outcome {
        case .success(let response): #expect(response.status == 200)
        case .failure(let failure): #expect(failure.cause == .timeout)
        }
    }

    @Test func `a hundred servers that hang do not delay one that responds`() async throws {
        let silent = try await ScriptedServer(.good, .hang)
        let server = try await ScriptedServer(.good, .tls, .read, .answer("{}"))
        let exchanges = try Exchanges()
        let hanging = try (0..<100).map { number in
            exchanges.submit(
                try .get(silent.url).with {
                    $0.group = "silent \(number)"; $0.timeout = 60_000; $0.connectTimeout = 60_000
                })
        }
        for _ in hanging { _ = try await silent.next("open") }
        #expect(try await exchanges.response(to: .get(server.url)).status == 200)
        #expect(hanging.allSatisfy { !exchanges.isReported($0) })
        exchanges.thread.stop()
        for id in hanging { #expect(await exchanges.outcome(of: id).isStopped(.unsent)) }
    }
}

extension Result<TransferResponse, TransferFailure> {
    func isStopped(_ phase: TransferFailure.Phase) -> Bool {
        switch self {
        case .success: false
        case .failure(let failure): failure.cause == .stopped && failure.phase == phase
        }
    }
}
