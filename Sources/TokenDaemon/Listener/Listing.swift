internal import Secrets
internal import TokenWire

/// A long reply that is written a page at a time, as its reader takes it: no connection keeps more of it, and no turn of the loop
/// makes more.
final class Listing {
    enum Step {
        case row(Row)
        /// Some work was done, and no row has come of it yet.
        case working
        /// The end; nothing is asked for after it.
        case end(Reply)
    }
    private let nextStep: () -> Step

    init(_ nextStep: @escaping () -> Step) { self.nextStep = nextStep }

    /// Rows, then `OK` and how many there were.
    static func counted(_ nextRow: @escaping () -> Row?) -> Listing {
        var count = 0
        return Listing {
            guard let row = nextRow() else { return .end(.ok(words: [String(count)])) }
            count += 1
            return .row(row)
        }
    }

    /// Rows, then `OK`.
    static func plain(_ nextRow: @escaping () -> Row?) -> Listing {
        Listing { nextRow().map { .row($0) } ?? .end(.ok()) }
    }

    /// So many steps are taken between two looks at the clock.
    private static let stepsAtOnce = 8

    /// Writes rows until `buffer` has `limit` bytes or it is late; true when the end is written. Some step is always taken.
    func write(to buffer: SecretBuffer, upTo limit: Int, isLate: () -> Bool = { false }) -> Bool {
        var left = Self.stepsAtOnce
        while buffer.count < limit {
            switch nextStep() {
            case .row(let row): row.write(to: buffer)
            case .working: break
            case .end(let reply):
                reply.write(to: buffer)
                return true
            }
            left -= 1
            guard left <= 0 else { continue }
            if isLate() { return false }
            left = Self.stepsAtOnce
        }
        return false
    }
}
