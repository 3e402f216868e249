#if FAULTS
internal import Glibc
internal import Synchronization

/// Makes the disk fail, or the daemon die, where a test wants it. Only in debug builds: a release has neither this type nor the variable.
///
/// `TOKEND_FAULT` holds any number of wishes with commas between them; steps and calls are those of `StoreSteps`:
///
///     kill@successor-synced        SIGKILL as soon as a successor is synced
///     kill@intent-synced:2         the second time
///     fail@fsync                   every fsync fails with EIO
///     fail@fsync:3                 only the third
///     fail@write=ENOSPC:2          the second write fails with ENOSPC; EIO, EDQUOT, EROFS and EACCES are known too
///     wait@fsync=2500:1            the first fsync takes 2,500 ms longer
///
/// A wish that cannot be read ends the process with status 64: a torture without its fault would prove nothing.
final class FaultPlan: Sendable {
    private struct Wish {
        enum Effect {
            case kill
            case fail(Int32)
            case wait(milliseconds: UInt32)
        }
        var effect: Effect
        var place: String
        /// `nil` is each time.
        var time: Int?
    }

    static let ofEnvironment: FaultPlan? = getenv("TOKEND_FAULT").map { text in
        guard let plan = FaultPlan(String(cString: text)) else {
            let text = "tokend: cannot read TOKEND_FAULT\n"
            write(2, text, text.utf8.count)
            exit(64)
        }
        return plan
    }

    private let wishes: [Wish]
    private let counts = Mutex<[String: Int]>([:])
    private let observer: @Sendable (StoreSteps.Step) -> Void

    /// `observer` is called at each step, on the store's thread: a test looks at the disk as a power cut would leave it.
    init?(_ text: String, observer: @escaping @Sendable (StoreSteps.Step) -> Void = { _ in }) {
        let wishes = text.split(separator: ",").map { Self.wish($0) }
        guard !wishes.contains(where: { $0 == nil }) else { return nil }
        self.wishes = wishes.compactMap { $0 }
        self.observer = observer
    }

    func reached(_ step: StoreSteps.Step) {
        observer(step)
        for wish in due(step.rawValue) {
            switch wish.effect {
            case .kill: kill(getpid(), SIGKILL)
            case .fail: break
            case .wait(let milliseconds): usleep(milliseconds * 1_000)
            }
        }
    }

    func failure(of call: StoreSteps.Call) -> Int32? {
        var failure: Int32?
        for wish in due(call.rawValue) {
            switch wish.effect {
            case .kill: kill(getpid(), SIGKILL)
            case .fail(let number): failure = number
            case .wait(let milliseconds): usleep(milliseconds * 1_000)
            }
        }
        return failure
    }

    private func due(_ place: String) -> [Wish] {
        let time = counts.withLock { counts in
            counts[place, default: 0] += 1
            return counts[place] ?? 0
        }
        return wishes.filter { $0.place == place && ($0.time ?? time) == time }
    }

    private static let errors: [Substring: Int32] = ["EIO": EIO, "ENOSPC": ENOSPC, "EDQUOT": EDQUOT, "EROFS": EROFS, "EACCES": EACCES]

    private static func wish(_ text: Substring) -> Wish? {
        let timed = text.split(separator: ":", omittingEmptySubsequences: false)
        let parts = timed[0].split(separator: "@", omittingEmptySubsequences: false)
        guard timed.count <= 2, parts.count == 2 else { return nil }
        let target = parts[1].split(separator: "=", omittingEmptySubsequences: false)
        guard target.count <= 2 else { return nil }
        let (place, value) = (String(target[0]), target.count == 2 ? target[1] : nil)
        let isCall = StoreSteps.Call(rawValue: place) != nil
        guard isCall || StoreSteps.Step(rawValue: place) != nil else { return nil }
        var wish = Wish(effect: .kill, place: place)
        if timed.count == 2 {
            guard let time = Int(timed[1]), time > 0 else { return nil }
            wish.time = time
        }
        switch (parts[0], value) {
        case ("kill", nil): return wish
        case ("fail", let name) where isCall:
            guard let number = errors[name ?? "EIO"] else { return nil }
            wish.effect = .fail(number)
        case ("wait", let text?):
            guard let milliseconds = UInt32(text), milliseconds <= 600_000 else { return nil }
            wish.effect = .wait(milliseconds: milliseconds)
        default: return nil
        }
        return wish
    }
}
#endif
