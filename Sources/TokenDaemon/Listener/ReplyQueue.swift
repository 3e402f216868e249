internal import TokenWire

/// The replies of one connection in the order of their requests: an answer that comes early waits for those before it.
struct ReplyQueue {
    enum Slot {
        /// The keeper owes the answer; the number names who waits there.
        case waiting(UInt64?)
        case answered(Reply)
        /// Written a page at a time.
        case listing(Listing)
        /// A token that came while earlier replies were owed: it is looked at once more when it can be sent.
        case early(Reply, Request)
        /// A look at how things are, taken when it can be told: what was asked for before it has then happened.
        case look(Request)
    }
    private var slots: [Slot] = []
    /// What was asked for, of those that are not at the head.
    private var requests: [UInt64: Request] = [:]
    /// The number of the request at the head.
    private var head: UInt64 = 0

    var isEmpty: Bool { slots.isEmpty }
    var count: Int { slots.count }

    /// A place for the next request's reply. `request` is kept for a token that may have to wait for its turn.
    mutating func open(_ request: Request? = nil) -> UInt64 {
        slots.append(.waiting(nil))
        if let request, request.isForToken, slots.count > 1 { requests[head + UInt64(slots.count) - 1] = request }
        return head + UInt64(slots.count) - 1
    }

    /// Remembers which waiter owes the reply.
    mutating func note(_ number: UInt64, waiter: UInt64) {
        guard let index = index(number), case .waiting = slots[index] else { return }
        slots[index] = .waiting(waiter)
    }

    mutating func answer(_ number: UInt64, _ reply: Reply) {
        guard let index = index(number) else { return }
        let request = requests.removeValue(forKey: number)
        slots[index] = if index > 0, let request { .early(reply, request) } else { .answered(reply) }
    }

    mutating func answer(_ number: UInt64, _ listing: Listing) {
        guard let index = index(number) else { return }
        requests[number] = nil
        slots[index] = .listing(listing)
    }

    /// Puts back what is not written to its end.
    mutating func goOn(with listing: Listing) {
        head -= 1
        slots.insert(.listing(listing), at: 0)
    }

    /// Whether the reply at the head is one that takes time: it goes on, or is still to begin.
    var isListing: Bool {
        switch slots.first {
        case .listing, .look: true
        case .waiting, .answered, .early, nil: false
        }
    }

    /// Puts a request whose reply came too early back at the head, to be asked again. Returns its number.
    mutating func reopen() -> UInt64 {
        head -= 1
        slots.insert(.waiting(nil), at: 0)
        return head
    }

    /// A place for a look that is to be taken in its turn.
    mutating func postpone(_ request: Request) { slots.append(.look(request)) }

    /// Takes out what can be written now, or looked at.
    mutating func next() -> Slot? {
        guard let first = slots.first else { return nil }
        if case .waiting = first { return nil }
        slots.removeFirst()
        head += 1
        return first
    }

    /// Everyone who still owes an answer.
    var waiters: [UInt64] {
        slots.compactMap { if case .waiting(let waiter) = $0 { waiter } else { nil } }
    }

    private func index(_ number: UInt64) -> Int? {
        guard number >= head, number - head < UInt64(slots.count) else { return nil }
        return Int(number - head)
    }
}
