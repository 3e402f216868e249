import Glibc
import Systemd
import TestSupport
import Testing

/// Two clients have an event in the same batch. The first one that is called removes both, and a third client takes the slot and the descriptor
/// number of the second.
@MainActor
@Suite struct LoopReuseTests {
    private let loop: Loop

    init() throws { loop = try Loop() }

    @Test func `an event of a removed client is not delivered to the next client of its slot`() throws {
        let pairs = [try SocketPair(), try SocketPair()]
        let third = Client()
        let newcomer = try SocketPair()
        var watches: [WatchHandle] = []
        var calls = 0
        let clients = (0..<2).map { own in
            Client { [loop] _, _ in
                calls += 1
                let other = pairs[1 - own]
                for client in [own, 1 - own] { loop.end(watches[client]) }
                dup2(newcomer.a, other.a)
                third.watch = try? loop.watch(other.a, LoopEvents.readable, third)
            }
        }
        for (pair, client) in zip(pairs, clients) {
            watches.append(try loop.watch(pair.a, LoopEvents.readable, client))
            #expect(send("PING\n", to: pair.b))
        }
        try loop.passOneTurn()
        #expect(calls == 1)
        #expect(third.watch != nil)
        #expect(third.events.isEmpty)
        #expect(send("for the third", to: newcomer.b))
        #expect(try loop.run { !third.events.isEmpty })
    }

    @Test func `a reused slot gets a new handle`() throws {
        let pair = try SocketPair()
        var seen: Set<WatchHandle> = []
        for _ in 0..<1000 {
            let watch = try loop.watch(pair.a, LoopEvents.readable, Client())
            #expect(seen.insert(watch).inserted)
            loop.end(watch)
        }
        let client = Client()
        _ = try loop.watch(pair.a, LoopEvents.readable, client)
        for former in seen {
            loop.end(former)
            loop.change(former, 0)
        }
        #expect(send("PING\n", to: pair.b))
        #expect(try loop.run { !client.events.isEmpty })
    }
}
