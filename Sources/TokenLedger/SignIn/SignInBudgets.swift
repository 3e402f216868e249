internal import TokenWire

/// Bounds what sign-ins ask of identity servers over time: each code that is sent, and each discovery that fails. The places bound only how many are
/// under way at once.
///
/// A caller has 20 requests at once, then one every 10 s. A person takes longer than that for one sign-in and does not fail twenty times in a row; a
/// program that makes up codes sends six a minute. A group has four times as much for all its members together, because one member may have 65,536
/// uids (subuid(5)). Administrators have no such bound, as with RENEW.
struct SignInBudgets: Sendable {
    private var budgets: [Share: Budget] = [:]
    /// From so many on, those that are full again are forgotten.
    private static let manyBudgets = 64

    private struct Meter {
        var key: Share
        var burst: Int
        var interval: Int64
    }

    private static func meters(of share: Share) -> [Meter] {
        let own = Meter(key: share, burst: 20, interval: .seconds(10))
        let all = Meter(key: Share(share.entry, .shared), burst: 4 * own.burst, interval: own.interval / 4)
        return switch share.tier {
        case .administrators: []
        case .named: [own]
        case .groups, .strangers: [own, all]
        }
    }

    private func budget(_ meter: Meter, at boot: Int64) -> Budget { budgets[meter.key] ?? Budget(at: boot, burst: meter.burst) }

    /// Nanoseconds until the share may cause a request; `nil` where it may now.
    func pause(for share: Share, at boot: Int64) -> Int64? {
        Self.meters(of: share).compactMap { budget($0, at: boot).pause(at: boot, every: $0.interval) }.max()
    }

    /// Takes one request from the budgets of a share, as far as there is one.
    mutating func spend(for share: Share, at boot: Int64) {
        if budgets.count >= Self.manyBudgets { forgetFull(at: boot) }
        for meter in Self.meters(of: share) {
            var budget = budget(meter, at: boot)
            _ = budget.spend(at: boot, every: meter.interval)
            budgets[meter.key] = budget
        }
    }

    private mutating func forgetFull(at boot: Int64) {
        budgets = budgets.filter { key, budget in
            let interval = Self.meters(of: key).first { $0.key == key }?.interval ?? 0
            return !budget.isFull(at: boot, every: interval)
        }
    }
}
