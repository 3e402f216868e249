import Glibc
@testable import Systemd
import TestSupport
import Testing

@MainActor
@Suite struct LoopTimerTests {
    private let loop: Loop
    private let millisecond: Int64 = 1_000_000

    init() throws { loop = try Loop() }

    @Test(arguments: [1, 5, 30] as [Int64])
    func `a timer fires once, and not before its time`(_ delay: Int64) throws {
        var fired: [Int64] = []
        let timer = try loop.timer { fired.append(Clock.boottime()) }
        let moment = Clock.boottime() + delay * millisecond + 1
        timer.set(at: moment)
        #expect(try loop.run { !fired.isEmpty })
        #expect(fired.count == 1)
        #expect(fired[0] >= moment)
        try loop.passOneTurn()
        #expect(fired.count == 1)
    }

    @Test func `timers fire in the order of their times`() throws {
        var fired: [Int] = []
        let now = Clock.boottime()
        let timers = try [3, 1, 2].map { number in
            let timer = try loop.timer { fired.append(number) }
            timer.set(at: now + Int64(number) * 20 * millisecond)
            return timer
        }
        #expect(try loop.run { fired.count == 3 })
        #expect(fired == [1, 2, 3])
        withExtendedLifetime(timers) {}
    }

    @Test(arguments: [Int64.min, -1, 0, 1])
    func `a timer with a past time fires immediately`(_ moment: Int64) throws {
        var fired = 0
        let timer = try loop.timer { fired += 1 }
        timer.set(at: moment)
        #expect(try loop.run { fired == 1 })
    }

    @Test func `a timer at the maximum time never fires`() throws {
        var fired = 0
        let timer = try loop.timer { fired += 1 }
        timer.set(at: .max)
        try loop.passOneTurn()
        #expect(fired == 0)
    }

    @Test func `a timer is off until it is set, and after it is cleared`() throws {
        var fired = 0
        let timer = try loop.timer { fired += 1 }
        try loop.passOneTurn()
        timer.set(at: 0)
        timer.clear()
        timer.clear()
        try loop.passOneTurn()
        #expect(fired == 0)
        timer.set(at: 0)
        #expect(try loop.run { fired == 1 })
    }

    @Test func `a timer can be moved to an earlier or a later time`() throws {
        var fired: [Int64] = []
        let timer = try loop.timer { fired.append(Clock.boottime()) }
        timer.set(at: .max)
        timer.set(at: 0)
        #expect(try loop.run { fired.count == 1 })
        let moment = Clock.boottime() + 20 * millisecond
        timer.set(at: 0)
        timer.set(at: moment)
        #expect(try loop.run { fired.count == 2 })
        #expect(fired[1] >= moment)
    }

    @Test func `a timer can be set again to the same time after it fired`() throws {
        var fired = 0
        let timer = try loop.timer { fired += 1 }
        for round in 1...3 {
            timer.set(at: 5)
            #expect(try loop.run { fired == round })
        }
    }

    @Test func `a timer can set itself`() throws {
        var fired = 0
        var timer: LoopTimer?
        timer = try loop.timer {
            fired += 1
            timer?.set(at: Clock.boottime() + 1)
        }
        timer?.set(at: 0)
        #expect(try loop.run { fired == 200 })
        timer = nil
    }

    @Test func `a timer that is always due does not starve the clients`() throws {
        let pair = try SocketPair()
        let client = Client { _, _ in _ = receive(from: pair.a) }
        _ = try loop.watch(pair.a, LoopEvents.readable, client)
        var timer: LoopTimer?
        timer = try loop.timer { timer?.set(at: 0) }
        timer?.set(at: 0)
        #expect(send("PING\n", to: pair.b))
        #expect(try loop.run { !client.events.isEmpty })
        timer = nil
    }

    @Test func `clients that are always ready do not starve a timer`() throws {
        let pairs = try (0..<300).map { _ in try SocketPair() }
        for pair in pairs { _ = try loop.watch(pair.a, LoopEvents.writable, Client()) }
        var fired = 0
        let timer = try loop.timer { fired += 1 }
        timer.set(at: Clock.boottime() + 5 * millisecond)
        #expect(try loop.run { fired == 1 })
        #expect(loop.turns > 1)
    }

    @Test func `a timer that is set in afterBatch fires`() throws {
        var fired = 0
        let timer = try loop.timer { [loop] in
            fired += 1
            loop.stop()
        }
        let start = try loop.timer {}
        var isSet = false
        loop.afterBatch = {
            if !isSet { timer.set(at: 0) }
            isSet = true
        }
        start.set(at: 0)
        try loop.run()
        #expect(fired == 1)
    }

    @Test func `afterBatch is called after a timer fired`() throws {
        var log: [String] = []
        let timer = try loop.timer { log.append("timer") }
        timer.set(at: Clock.boottime() + 5 * millisecond)
        loop.afterBatch = { [loop] in
            if log.isEmpty { return }
            log.append("after")
            loop.stop()
        }
        try loop.run()
        #expect(log == ["timer", "after"])
    }

    @Test func `setting a timer to its present time costs nothing`() throws {
        let sdEvent = try SDEventSource()
        let timer = try LoopTimer(sdEvent) {}
        timer.set(at: .max)
        #expect(sdEvent.needsRun)
        #expect(try sdEvent.arm())
        timer.set(at: .max)
        #expect(!sdEvent.needsRun)
        timer.set(at: 5)
        #expect(sdEvent.needsRun)
    }

    @Test func `a released timer does not fire`() throws {
        var fired = 0
        var timer: LoopTimer? = try loop.timer { fired += 1 }
        timer?.set(at: 0)
        timer = nil
        try loop.passOneTurn()
        #expect(fired == 0)
    }

    @Test func `a timer may be released while it fires`() throws {
        var fired = 0
        var timer: LoopTimer?
        timer = try loop.timer {
            fired += 1
            timer = nil
        }
        timer?.set(at: 0)
        #expect(try loop.run { fired == 1 })
        #expect(timer == nil)
    }
}
