import Curl
import Secrets
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct `Name servers that hang` {
    private let names = HangingNames()

    private func transfer(to name: String, timeout: Int = 60_000) throws -> Transfer {
        try .get("https://\(name).hang/").with {
            $0.group = name
            $0.timeout = timeout
            $0.connectTimeout = timeout
        }
    }

    @Test func `NET-08 forty names that hang use 32 threads, and the other transfers wait for a slot`() async throws {
        defer { names.release() }
        let exchanges = try Exchanges()
        let hanging = try (0..<40).map { exchanges.submit(try transfer(to: "id\($0)")) }
        await names.begun(32)
        let bounded = await exchanges.perform(try transfer(to: "late", timeout: 300))
        #expect(
            throws: TransferFailure(
                phase: .unsent, cause: .timeout, text: "an exchange waited too long for a slot to resolve a name")
        ) { try bounded.get() }
        #expect(hanging.allSatisfy { !exchanges.isReported($0) })
        exchanges.thread.stop()
        for id in hanging { #expect(await exchanges.outcome(of: id).isStopped(.unsent)) }
        #expect(names.lookups.sorted() == (0..<32).map { "id\($0).hang" }.sorted())
    }

    @Test func `NET-08 a name that hangs delays neither other transfers nor its own timeout nor the shutdown`() async throws {
        defer { names.release() }
        let server = try await ScriptedServer(.good, .tls, .read, .answer("1"), .read, .answer("2"))
        let exchanges = try Exchanges()
        let (patient, cancelled) = (exchanges.submit(try transfer(to: "a")), exchanges.submit(try transfer(to: "b")))
        await names.begun(2)
        #expect(try await exchanges.response(to: .get(server.url)).body.text == "1")
        let failure = try await exchanges.failure(of: transfer(to: "c", timeout: 300))
        #expect(
            failure
                == TransferFailure(
                    phase: .unsent, cause: .timeout, text: "no answer from 'c.hang:443': it took too long to resolve its name"))
        exchanges.thread.cancel(id: cancelled)
        #expect(await exchanges.outcome(of: cancelled).isStopped(.unsent))
        #expect(try await exchanges.response(to: .get(server.url)).body.text == "2")
        exchanges.thread.stop()
        #expect(await exchanges.outcome(of: patient).isStopped(.unsent))
        #expect(names.lookups.count == 3)
    }
}
