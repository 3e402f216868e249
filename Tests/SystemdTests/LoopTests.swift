import Glibc
import Systemd
import TestSupport
import Testing

@MainActor
@Suite struct LoopTests {
    private let loop: Loop

    init() throws { loop = try Loop() }

    @Test func `a client is called when its descriptor is readable`() throws {
        let pair = try SocketPair()
        let client = Client { _, _ in _ = receive(from: pair.a) }
        _ = try loop.watch(pair.a, LoopEvents.readable, client)
        #expect(send("PING\n", to: pair.b))
        #expect(try loop.run { !client.events.isEmpty })
        #expect(client.events == [LoopEvents.readable])
    }

    @Test func `an event that was not handled is reported again`() throws {
        let pair = try SocketPair()
        let client = Client()
        _ = try loop.watch(pair.a, LoopEvents.readable, client)
        #expect(send("PING\n", to: pair.b))
        #expect(try loop.run { client.events.count == 5 })
    }

    @Test func `a client can change its events`() throws {
        let pair = try SocketPair()
        let client = Client { [loop] client, _ in
            if let watch = client.watch { loop.change(watch, 0) }
        }
        let watch = try loop.watch(pair.a, LoopEvents.readable, client)
        client.watch = watch
        loop.change(watch, LoopEvents.writable)
        #expect(try loop.run { !client.events.isEmpty })
        #expect(client.events == [LoopEvents.writable])
        #expect(send("unheard", to: pair.b))
        try loop.passOneTurn()
        #expect(client.events.count == 1)
        loop.change(watch, LoopEvents.readable)
        #expect(try loop.run { client.events.count == 2 })
        #expect(client.events.last == LoopEvents.readable)
    }

    @Test func `a peer that closes is reported as a hangup even if it was not requested`() throws {
        let pair = try SocketPair()
        let client = Client { [loop] client, _ in client.watch.map(loop.end) }
        client.watch = try loop.watch(pair.a, 0, client)
        pair.closeB()
        #expect(try loop.run { !client.events.isEmpty })
        #expect(client.events[0] & LoopEvents.hangup != 0)
    }

    @Test func `a half-close is reported to a client that requested it`() throws {
        let pair = try SocketPair()
        let client = Client { [loop] client, _ in client.watch.map(loop.end) }
        client.watch = try loop.watch(pair.a, LoopEvents.readable | LoopEvents.peerClosed, client)
        shutdown(pair.b, Int32(SHUT_WR))
        #expect(try loop.run { !client.events.isEmpty })
        #expect(client.events[0] & LoopEvents.peerClosed != 0)
        #expect(client.events[0] & LoopEvents.hangup == 0)
    }

    @Test func `a client that was removed gets no more events and is released`() throws {
        let pair = try SocketPair()
        weak var gone: Client?
        var calls = 0
        try {
            let client = Client { _, _ in calls += 1 }
            gone = client
            let watch = try loop.watch(pair.a, LoopEvents.readable, client)
            #expect(send("PING\n", to: pair.b))
            loop.end(watch)
            loop.end(watch)
            loop.change(watch, LoopEvents.writable)
        }()
        try loop.passOneTurn()
        #expect(calls == 0)
        #expect(gone == nil)
    }

    @Test func `a client may remove itself while it is called`() throws {
        let pair = try SocketPair()
        weak var gone: Client?
        try {
            let client = Client { [loop] client, _ in client.watch.map(loop.end) }
            gone = client
            client.watch = try loop.watch(pair.a, LoopEvents.readable, client)
        }()
        #expect(gone != nil)
        #expect(send("PING\n", to: pair.b))
        #expect(try loop.run { gone == nil })
    }

    @Test func `a descriptor that cannot be watched is rejected, and no entry remains`() throws {
        weak var gone: Client?
        do {
            let client = Client()
            gone = client
            let error = #expect(throws: SystemError.self) { try loop.watch(-1, LoopEvents.readable, client) }
            #expect(error?.description == "cannot watch descriptor -1: bad file descriptor")
        }
        #expect(gone == nil)
    }

    @Test func `every client gets its event even if there are more than a batch has`() throws {
        let pairs = try (0..<400).map { _ in try SocketPair() }
        let clients = pairs.map { pair in Client { _, _ in _ = receive(from: pair.a) } }
        for (pair, client) in zip(pairs, clients) {
            _ = try loop.watch(pair.a, LoopEvents.readable, client)
            #expect(send("PING\n", to: pair.b))
        }
        #expect(try loop.run { clients.allSatisfy { !$0.events.isEmpty } })
        #expect(clients.allSatisfy { $0.events.count == 1 })
        #expect((4...10).contains(loop.turns))
    }

    @Test func `the time is that of the iteration`() throws {
        let pair = try SocketPair()
        var seen: [Int64] = []
        let client = Client { [loop] _, _ in seen += [loop.now, loop.now] }
        _ = try loop.watch(pair.a, LoopEvents.readable, client)
        #expect(send("PING\n", to: pair.b))
        let before = Clock.boottime()
        #expect(try loop.run { seen.count == 4 })
        #expect(seen[0] >= before)
        #expect(seen[0] == seen[1])
        #expect(seen[2] > seen[1])
    }

    @Test func `afterBatch is called once per batch, and counts one iteration`() throws {
        let pair = try SocketPair()
        _ = try loop.watch(pair.a, LoopEvents.writable, Client())
        var calls: UInt64 = 0
        loop.afterBatch = { [loop] in
            calls += 1
            #expect(loop.turns == calls - 1)
            if calls == 7 { loop.stop() }
        }
        try loop.run()
        #expect(calls == 7)
        #expect(loop.turns == 7)
    }

    @Test func `a signal is delivered as a call on the loop`() throws {
        var calls = 0
        try loop.signal(SIGUSR2) { calls += 1 }
        // sent to this thread, because in a test other threads do not block the signal
        pthread_kill(pthread_self(), SIGUSR2)
        #expect(try loop.run { calls == 1 })
        pthread_kill(pthread_self(), SIGUSR2)
        #expect(try loop.run { calls == 2 })
    }
}
