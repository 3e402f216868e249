import Testing
@testable import TokenLedger

/// The ledger under 100,000 random events: after each of them the rules between its tables hold, and every request has been answered once and in time.
@Suite struct RandomEventsTests {
    @Test(arguments: 1...8) func `after any order of events the ledger is sound and every request is answered once`(seed: UInt64) throws {
        var world = RandomWorld(seed: seed)
        for number in 0..<12_500 {
            let event = try world.happen()
            let faults = world.check(after: "\(event), event \(number) of seed \(seed)")
            try #require(faults.isEmpty, "\(faults.prefix(5).joined(separator: "\n"))")
        }
    }
}

extension RandomWorld {
    /// One event; returns its name.
    mutating func happen() throws -> String {
        switch Int.random(in: 0..<1_000, using: &random) {
        case 0..<150:
            ask(.outcome)
            return "GET"
        case 150..<190:
            ask(.ready)
            return "WAIT"
        case 190..<220:
            ask(.token)
            return "a unit's credential"
        case 220..<240:
            watch()
            return "WATCH"
        case 240..<255:
            unwatch()
            return "the end of a WATCH"
        case 255..<275:
            withdraw()
            return "a hang-up"
        case 275..<300:
            reject()
            return "REJECT"
        case 300..<310:
            renew()
            return "RENEW"
        case 310..<330:
            login()
            return "LOGIN"
        case 330..<390:
            goOnWithLogin()
            return "CALLBACK, CONFIRM, CANCEL or AWAIT"
        case 390..<400:
            logout()
            return "LOGOUT"
        case 400..<410:
            bringIn()
            return "IMPORT"
        case 410..<560:
            answerPlan()
            return "an exchange's end"
        case 560..<620:
            try answerErrand()
            return "an errand's end"
        case 620..<800:
            finishJob()
            return "a store job's end"
        case 800..<985:
            pass()
            return "time"
        case 985..<990:
            stepClock()
            return "a clock step"
        case 990..<998:
            reload()
            return "RELOAD"
        default:
            restart()
            return "a restart"
        }
    }
}
