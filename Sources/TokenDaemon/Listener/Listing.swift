internal import Secrets
internal import TokenWire

/// A long reply that is written a page at a time, as its reader takes it: no connection keeps more of it, and no turn of the loop
/// makes more.
final class Listing {
    private let nextRow: () -> Row?

    /// `nextRow` gives one row after another, then `nil` for good.
    init(_ nextRow: @escaping () -> Row?) { self.nextRow = nextRow }

    /// Writes rows until `buffer` has `limit` bytes; true when the `OK` behind the last one is written.
    func write(to buffer: SecretBuffer, upTo limit: Int) -> Bool {
        while buffer.count < limit {
            guard let row = nextRow() else {
                Reply.ok().write(to: buffer)
                return true
            }
            row.write(to: buffer)
        }
        return false
    }
}
