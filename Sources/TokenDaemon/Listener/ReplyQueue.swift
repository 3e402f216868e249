internal import Codecs
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
    private var slots = FIFO<Slot>()
    /// What was asked for, of those that are not at the head.
    private var requests: [UInt64: Request] = [:]
    /// The number of the request at the head.
    private var head: UInt64 = 0

    var isEmpty: Bool { slots.isEmpty }
    var count: Int { slots.count }

    /// A place for the next request's reply. `request` is kept for a token that may have to wait for its turn.
    mutating func open(_ request: Request? = nil) -> UInt64 {
        slots.append(.waiting(nil))
        let number = head + UInt64(count) - 1
        if let request, request.isForToken, count > 1 { requests[number] = request }
        return number
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
    mutating func goOn(with listing: Listing) { putBack(.listing(listing)) }

    /// Whether the reply at the head is one that takes time: it goes on, or is still to begin.
    var isListing: Bool {
        switch isEmpty ? nil : slots[0] {
        case .listing, .look: true
        case .waiting, .answered, .early, nil: false
        }
    }

    /// Whether the reply at the head can be written, or gone on with.
    var isReady: Bool {
        switch isEmpty ? nil : slots[0] {
        case .answered, .early, .listing, .look: true
        case .waiting, nil: false
        }
    }

    /// Puts a request whose reply came too early back at the head, to be asked again. Returns its number.
    mutating func reopen() -> UInt64 {
        putBack(.waiting(nil))
        return head
    }

    private mutating func putBack(_ slot: Slot) {
        head -= 1
        slots.prepend(slot)
    }

    /// A place for a look that is to be taken in its turn.
    mutating func postpone(_ request: Request) { slots.append(.look(request)) }

    /// Takes out what can be written now, or looked at.
    mutating func next() -> Slot? {
        guard isReady else { return nil }
        head += 1
        return slots.removeFirst()
    }

    /// Everyone who still owes an answer.
    var waiters: [UInt64] {
        slots.all.compactMap { if case .waiting(let waiter) = $0 { waiter } else { nil } }
    }

    private func index(_ number: UInt64) -> Int? {
        guard number >= head, number - head < UInt64(count) else { return nil }
        return Int(number - head)
    }
}
