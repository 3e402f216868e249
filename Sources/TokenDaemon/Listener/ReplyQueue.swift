internal import TokenWire

/// The replies of one connection in the order of their requests: an answer that comes early waits for those before it.
struct ReplyQueue {
    enum Slot {
        /// The keeper owes the answer; the number names who waits there.
        case waiting(UInt64?)
        case answered(Reply)
        /// A look at how things are, taken when it can be told: what was asked for before it has then happened.
        case look(Request)
    }
    private var slots: [Slot] = []
    /// The number of the request at the head.
    private var head: UInt64 = 0

    var isEmpty: Bool { slots.isEmpty }
    var count: Int { slots.count }

    /// A place for the next request's reply.
    mutating func open() -> UInt64 {
        slots.append(.waiting(nil))
        return head + UInt64(slots.count) - 1
    }

    /// Remembers which waiter owes the reply.
    mutating func note(_ number: UInt64, waiter: UInt64) {
        guard let index = index(number), case .waiting = slots[index] else { return }
        slots[index] = .waiting(waiter)
    }

    mutating func answer(_ number: UInt64, _ reply: Reply) {
        guard let index = index(number) else { return }
        slots[index] = .answered(reply)
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
