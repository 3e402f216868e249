import OAuth
import Secrets
import Systemd
import Testing
import TokenLedger
import TokenWire
@testable import TokenDaemon

/// A loop and an exchanger, with a clock that can be moved ahead.
final class ExchangeRun {
    let loop: Loop
    let exchanger: Exchanger
    private let time: HandClock
    private let guardian: LoopTimer
    private(set) var reports: [ExchangeReport] = []
    private var expected = 0

    /// A clock that goes by itself and can be moved.
    private final class HandClock {
        var ahead: Int64 = 0
        var perReading: Int64 = 0

        var now: Moment {
            ahead += perReading
            return Moment(boot: Clock.boottime() + .seconds(ahead), wall: Clock.realtime() / 1_000_000_000 + ahead)
        }
    }

    init() throws {
        let loop = try Loop()
        let time = HandClock()
        self.loop = loop
        self.time = time
        exchanger = try Exchanger(loop: loop, userAgent: "tokend/0.test") { time.now }
        guardian = try loop.timer { loop.stop() }
        exchanger.finished = { [unowned self] report in
            reports.append(report)
            if reports.count >= expected { loop.stop() }
        }
    }

    isolated deinit { exchanger.stop() }

    /// Seconds that the clock runs ahead from now on.
    func moveClock(by seconds: Int64) { time.ahead += seconds }
    func moveClock(by seconds: Int64, atEachReading: Void) { time.perReading = seconds }

    var now: Moment { time.now }

    /// Turns the loop until so many reports have come in all; gives up after 20 s.
    @discardableResult
    func wait(for count: Int) throws -> [ExchangeReport] {
        expected = count
        guard reports.count < count else { return reports }
        guardian.set(at: Clock.boottime() + .seconds(20))
        try loop.run()
        guardian.clear()
        #expect(reports.count == count)
        return reports
    }

    /// Turns the loop until this holds, looking every 5 ms; gives up after 20 s.
    func turn(until holds: @escaping () -> Bool) throws {
        let end = Clock.boottime() + .seconds(20)
        let look = try loop.timer { [loop] in loop.stop() }
        while !holds(), Clock.boottime() < end {
            look.set(at: Clock.boottime() + 5_000_000)
            try loop.run()
        }
        #expect(holds())
    }

    /// Performs one plan and waits for its report.
    func report(on plan: ExchangePlan) throws -> ExchangeReport {
        exchanger.perform(plan)
        return try #require(wait(for: reports.count + 1).last)
    }
}

extension ExchangePlan {
    /// Client credentials for an application whose server is this one.
    init(
        _ id: UInt64, at authority: ScriptedAuthority, application: String = "portal", timeout: Int = 20, _ change: (inout ServerSettings) -> Void = { _ in }
    ) throws {
        var server = ServerSettings(location: .issuer(authority.issuer), caFile: authority.caFile)
        change(&server)
        let client = ClientIdentity(id: "sync", authentication: .basic(Secret("pa55word")))
        self.init(
            id: id, token: try #require(TokenName("\(application).sync")), application: Application(name: application, server: server, client: client),
            grant: .clientCredentials(scopes: ["read"], audience: nil), timeout: timeout)
    }
}

extension ExchangeReport {
    var failure: ExchangeFailure? {
        switch outcome {
        case .success: nil
        case .failure(let failure): failure
        }
    }
}
