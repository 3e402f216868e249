import OAuth
import Secrets
import Testing

struct `A known server` {
    private let settings = ServerSettings(location: .issuer("https://idp.example"))

    private func document(_ path: String) -> EndpointResult {
        answer(200, #"{"issuer":"https://idp.example","token_endpoint":"https://idp.example\#(path)"}"#, cacheControl: "max-age=600")
    }

    private func token(_ metadata: ServerMetadata?) -> String? { try? metadata?.url(of: .token).path }

    private func ready(_ answer: KnownServer.Answer) -> ServerMetadata? {
        guard case .ready(let metadata) = answer else { return nil }
        return metadata
    }

    private func isSend(_ answer: KnownServer.Answer) -> Bool {
        guard case .send = answer else { return false }
        return true
    }

    private func isUnderway(_ answer: KnownServer.Answer) -> Bool {
        guard case .underway = answer else { return false }
        return true
    }

    private func settled(_ progress: KnownServer.Progress) -> Result<ServerMetadata, ExchangeFailure>? {
        guard case .settled(let result) = progress else { return nil }
        return result
    }

    /// One that found its metadata at second 0.
    private func found() -> KnownServer {
        var server = KnownServer(settings)
        _ = server.ask(at: 0)
        _ = server.receive(document("/token"), at: 0, wall: now)
        return server
    }

    @Test func `one discovery runs, however many ask`() {
        var server = KnownServer(settings)
        #expect(isSend(server.ask(at: 0)))
        for second in 0..<5 { #expect(isUnderway(server.ask(at: Int64(second)))) }
        #expect(token(settled(server.receive(document("/token"), at: 5, wall: now))?.value) == "/token")
        #expect(token(ready(server.ask(at: 6))) == "/token")
    }

    @Test func `a failure is for all who wait, and the next to ask begins anew`() {
        var server = KnownServer(settings)
        _ = server.ask(at: 0)
        #expect(settled(server.receive(answer(503), at: 1, wall: now))?.failure?.status == 503)
        #expect(isSend(server.ask(at: 2)))
    }

    @Test func `DISC-14 metadata serve while they are fresh`() {
        var server = found()
        #expect(ready(server.ask(at: 599)) != nil)
        #expect(isSend(server.ask(at: 600)))
    }

    @Test(arguments: [answer(503), answer(404), answer(200, "{}"), fault(.unreachable, unsent: true), fault(.broken, unsent: false)])
    func `DISC-14 the last good copy serves when a new one cannot be had`(result: EndpointResult) throws {
        var server = found()
        #expect(isSend(server.ask(at: 700)))
        var progress = server.receive(result, at: 701, wall: now)
        if case .send = progress { progress = server.receive(result, at: 701, wall: now) }
        #expect(token(settled(progress)?.value) == "/token")
        #expect(ready(server.ask(at: 701 + Int64(KnownServer.pause) - 1)) != nil)
        #expect(isSend(server.ask(at: 701 + Int64(KnownServer.pause))))
    }

    @Test func `doubt has them found anew, but not within a minute`() {
        var server = found()
        let doubts59 = server.doubt(at: 59)
        #expect(!doubts59)
        #expect(ready(server.ask(at: 59)) != nil)
        let doubts60 = server.doubt(at: 60)
        #expect(doubts60)
        #expect(isSend(server.ask(at: 60)))
        let isWorthWaiting = server.doubt(at: 60)
        #expect(isWorthWaiting, "who doubts during a discovery may wait for it")
        #expect(token(settled(server.receive(document("/new"), at: 61, wall: now))?.value) == "/new")
        let doubts62 = server.doubt(at: 62)
        #expect(!doubts62)
    }

    @Test func `what is pinned is never asked for and never doubted`() {
        var pinned = settings
        pinned.endpoints.token = "https://idp.example/pinned"
        var server = KnownServer(pinned)
        #expect(token(ready(server.ask(at: 0))) == "/pinned")
        let doubts1000 = server.doubt(at: 1000)
        #expect(!doubts1000)
        #expect(token(ready(server.ask(at: 1_000_000))) == "/pinned")
    }

    @Test func `what is forgotten does not serve again`() {
        var server = found()
        server.forget()
        #expect(isSend(server.ask(at: 1)))
        #expect(settled(server.receive(answer(503), at: 2, wall: now))?.failure != nil)
    }
}
