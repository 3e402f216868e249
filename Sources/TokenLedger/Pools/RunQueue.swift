/// What waits for its turn, in turn by whom it is for: first the entries, then the holders of each entry, then what each of them has.
///
/// Neither many connections nor many uids in one group get a caller more turns than another caller has.
package struct RunQueue<Item> {
    private struct Account {
        var holders = FIFO<Consumer>()
        var items: [Consumer: FIFO<Item>] = [:]
    }
    /// Each entry that has something is in it once, and so is each such holder in its account.
    private var entries = FIFO<Share.Entry>()
    private var accounts: [Share.Entry: Account] = [:]

    package init() {}

    package var isEmpty: Bool { accounts.isEmpty }

    package mutating func append(_ item: Item, for share: Share) {
        if accounts[share.entry] == nil { entries.append(share.entry) }
        var account = accounts.removeValue(forKey: share.entry) ?? Account()
        if account.items[share.holder] == nil { account.holders.append(share.holder) }
        account.items[share.holder, default: FIFO()].append(item)
        accounts[share.entry] = account
    }

    /// Takes out the next; `nil` when nothing waits.
    package mutating func next() -> Item? {
        guard let entry = entries.removeFirst(), var account = accounts.removeValue(forKey: entry), let holder = account.holders.removeFirst()
        else { return nil }
        let item = account.items[holder]?.removeFirst()
        if account.items[holder]?.isEmpty == true { account.items[holder] = nil } else { account.holders.append(holder) }
        if !account.items.isEmpty {
            accounts[entry] = account
            entries.append(entry)
        }
        return item
    }
}
