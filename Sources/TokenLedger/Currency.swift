/// Whether an answer given before may be given again: true until the ledger says otherwise, and never again after that.
///
/// The one reference in the ledger. Whoever remembers an answer asks this instead of the ledger, at the price of one load.
// @unchecked: written and read where the ledger is, by its one owner.
package final class Currency: @unchecked Sendable {
    package private(set) var isCurrent = true

    func end() { isCurrent = false }
}
