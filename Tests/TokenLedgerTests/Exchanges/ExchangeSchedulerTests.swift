import OAuth
import Testing
import TokenWire
@testable import TokenLedger

@Suite struct ExchangeSchedulerTests {
    private static let alice = Share(.user(1000), .uid(1000))
    private static let bob = Share(.user(1001), .uid(1001))
    private let server = ServerRoute(ServerSettings(location: .issuer("https://id.test")))
    private let elsewhere = ServerRoute(ServerSettings(location: .issuer("https://elsewhere.test")))
    private var scheduler = ExchangeScheduler()
    private var lastID: UInt64 = 0

    private static func key(_ name: String) -> CacheKey { CacheKey(token: TokenName("portal.\(name)")!, consumer: .shared, scopes: [], audience: nil) }

    private mutating func enqueue(_ name: String, for share: Share = alice, at server: ServerRoute? = nil) {
        scheduler.enqueue(Self.key(name), .asked, at: server ?? self.server)
        scheduler.addTurn(Self.key(name), for: share)
        #expect(scheduler.check().isEmpty)
    }

    private mutating func begin(at server: ServerRoute? = nil, boot: Int64 = 0) -> UInt64? {
        guard let key = scheduler.next(at: server ?? self.server, boot: boot) else { return nil }
        lastID += 1
        let exchange = scheduler.begin(lastID, key, generation: 0, at: boot)
        #expect(exchange?.key == key)
        #expect(scheduler.check().isEmpty)
        return lastID
    }

    private mutating func begun(boot: Int64 = 0) throws -> UInt64 {
        let id = begin(boot: boot)
        return try #require(id)
    }

    @Test mutating func `a cached token is idle, queued, under way and idle again`() throws {
        let key = Self.key("one")
        #expect(scheduler.progress(of: key) == .none)
        enqueue("one")
        #expect(scheduler.progress(of: key) == .queued && scheduler.inFlight == 0)
        let id = try begun(boot: 5)
        #expect(scheduler.progress(of: key) == .underWay(id) && scheduler.exchange(for: key)?.began == 5 && scheduler.inFlight == 1)
        let ended = scheduler.end(id)
        #expect(ended?.exchange.key == key && ended?.isAwaited == true && scheduler.isIdle(key) && scheduler.inFlight == 0)
        let again = scheduler.end(id)
        #expect(again == nil && scheduler.check().isEmpty)
    }

    @Test mutating func `one that is queued or under way is not queued again`() throws {
        enqueue("one")
        enqueue("one", for: Self.bob)
        let id = try begun()
        enqueue("one")
        let other = begin()
        #expect(other == nil && scheduler.progress(of: Self.key("one")) == .underWay(id))
    }

    @Test mutating func `a server has eight exchanges at most, and all have 64`() {
        for number in 0..<20 { enqueue("t\(number)") }
        var begun = 0
        while begin() != nil { begun += 1 }
        #expect(begun == ExchangeScheduler.mostPerServer)
        for other in 0..<20 {
            let server = ServerRoute(ServerSettings(location: .issuer("https://id\(other).test")))
            for number in 0..<8 { enqueue("o\(other)-\(number)", at: server) }
            while begin(at: server) != nil { begun += 1 }
        }
        #expect(begun == ExchangeScheduler.mostInFlight && scheduler.inFlight == begun)
    }

    @Test mutating func `the answer frees the place at the server while the disk is waited for`() throws {
        for number in 0...ExchangeScheduler.mostPerServer { enqueue("t\(number)") }
        var ids: [UInt64] = []
        while let id = begin() { ids.append(id) }
        scheduler.free(ids[0])
        scheduler.free(ids[0])
        #expect(scheduler.inFlight == ids.count - 1 && !scheduler.isIdle(Self.key("t0")) && scheduler.check().isEmpty)
        let (next, another) = (begin(), begin())
        #expect(next != nil && another == nil)
        _ = scheduler.end(ids[0])
        #expect(scheduler.inFlight == ids.count && scheduler.check().isEmpty)
    }

    @Test mutating func `what waits for a refresh token has its turn when that is free, with its cause`() throws {
        enqueue("one")
        let taken = scheduler.next(at: server, boot: 0)
        #expect(taken == Self.key("one"))
        scheduler.waitForRefreshToken(Self.key("one"), for: [Self.alice, Self.bob])
        #expect(scheduler.awaitsRefreshToken(Self.key("one")) && scheduler.check().isEmpty)
        let none = scheduler.next(at: server, boot: 0)
        #expect(none == nil && scheduler.serversInTurn().isEmpty)
        let ofOther = scheduler.nextForRefreshToken(TokenName("portal.other")!)
        let next = scheduler.nextForRefreshToken(TokenName("portal.one")!)
        let again = scheduler.nextForRefreshToken(TokenName("portal.one")!)
        #expect(ofOther == nil && next?.key == Self.key("one") && next?.cause == .asked && again == nil)
        #expect(scheduler.isIdle(Self.key("one")) && scheduler.check().isEmpty)
    }

    @Test mutating func `nothing is left of what is dequeued or forgotten`() throws {
        for name in ["one", "two", "three"] { enqueue(name) }
        let (isOut, isOutAgain) = (scheduler.dequeue(Self.key("one")), scheduler.dequeue(Self.key("one")))
        #expect(isOut && !isOutAgain)
        let id = try begun()
        let key = try #require(scheduler[id]?.key)
        scheduler.forget(key)
        #expect(scheduler.isIdle(key) && scheduler.spacingEnd(key) == 0 && scheduler.inFlight == 1 && scheduler.check().isEmpty)
        let ended = scheduler.end(id)
        #expect(ended?.isAwaited == false)
        let taken = scheduler.takeQueued(at: server) { _ in true }
        #expect(taken.count == 1)
        #expect(scheduler.keysUnderWay.isEmpty && scheduler.check().isEmpty)
    }

    @Test mutating func `two exchanges of one cached token begin a second apart at least`() throws {
        enqueue("one")
        let id = try begun(boot: .seconds(10))
        _ = scheduler.end(id)
        #expect(scheduler.spacingEnd(Self.key("one")) == .seconds(11) && scheduler.spacingEnd(Self.key("two")) == 0)
        for number in 0..<200 {
            enqueue("t\(number)")
            _ = scheduler.end(try begun(boot: .seconds(20 + number)))
        }
        #expect(scheduler.spacingEnd(Self.key("one")) == 0, "what puts off nothing any more is forgotten")
    }

    @Test mutating func `the server with the fewest exchanges comes first`() {
        for number in 0..<10 { enqueue("t\(number)") }
        while begin() != nil {}
        enqueue("other", at: elsewhere)
        #expect(scheduler.serversInTurn() == [elsewhere, server])
    }

    @Test mutating func `pauses of a server outlive a change of the way to it, but not what was wrong on the way`() {
        let proxied = ServerRoute(ServerSettings(location: .issuer("https://id.test"), proxy: ProxySettings(url: "http://proxy.test:3128")))
        scheduler.cool(server, client: nil) { $0.backoff.failed(1, at: 2, retryAfter: 60, random: 0) }
        scheduler.adopt(proxied, insteadOf: server)
        #expect(scheduler.cooling(at: proxied)?.backoff.failures == 1)
        scheduler.cool(proxied, client: nil) { $0.failure = Scene.unreachable }
        scheduler.adopt(proxied, insteadOf: proxied)
        #expect(scheduler.cooling(at: proxied)?.backoff.failures == 0)
        scheduler.keepOnly([proxied: []])
        #expect(scheduler.serverCount == 1 && scheduler.cooling(at: server) == nil)
    }

    @Test mutating func `the check finds an exchange that is counted and not there`() throws {
        enqueue("one")
        let taken = scheduler.next(at: server, boot: 0)
        #expect(taken != nil && scheduler.check().count == 1, "it is queued, and no queue has it")
    }
}
