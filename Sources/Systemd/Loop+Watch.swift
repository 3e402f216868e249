internal import CSystemd

/// Whoever wants to know that a descriptor can be read or written.
@MainActor
package protocol ReadinessHandler: AnyObject {
    /// `events` are the bits of `LoopEvents` that hold now (epoll_ctl(2)); level-triggered: what is not used up comes again.
    func ready(_ events: UInt32)
}

/// The event bits of epoll_ctl(2).
package enum LoopEvents {
    package static let readable = EPOLLIN.rawValue
    package static let writable = EPOLLOUT.rawValue
    /// The peer shut down its writing half; only reported if asked for.
    package static let peerClosed = EPOLLRDHUP.rawValue
    /// Both halves are closed, or the descriptor has an error: reported whether asked for or not.
    package static let hangup = EPOLLHUP.rawValue | EPOLLERR.rawValue
}

/// A descriptor under watch. The generation tells a former tenant of the slot from the present one, so that an event
/// that was already in the batch when its client left never reaches the client that came in its place.
package struct Watch: Hashable, Sendable {
    let slot: UInt32
    let generation: UInt32

    init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    /// What travels through the kernel in `epoll_data`.
    init(ticket: UInt64) {
        self.init(slot: UInt32(truncatingIfNeeded: ticket), generation: UInt32(truncatingIfNeeded: ticket >> 32))
    }

    var ticket: UInt64 { UInt64(generation) << 32 | UInt64(slot) }
}

/// The clients of the loop, by slot. Slots are used again, each time with the next generation.
struct WatchTable {
    struct Entry {
        var client: (any ReadinessHandler)?
        var fd: Int32
        var events: UInt32
        var generation: UInt32
    }

    private var entries: ContiguousArray<Entry> = []
    private var free: ContiguousArray<UInt32> = []

    /// Number of clients present.
    var count: Int { entries.count - free.count }

    mutating func insert(_ client: any ReadinessHandler, fd: Int32, events: UInt32) -> Watch {
        guard let slot = free.popLast() else {
            entries.append(Entry(client: client, fd: fd, events: events, generation: 1))
            return Watch(slot: UInt32(entries.count - 1), generation: 1)
        }
        let generation = entries[Int(slot)].generation
        entries[Int(slot)] = Entry(client: client, fd: fd, events: events, generation: generation)
        return Watch(slot: slot, generation: generation)
    }

    /// Lets the client go and returns what was watched; `nil` if it had left before.
    mutating func remove(_ watch: Watch) -> Int32? {
        guard holds(watch) else { return nil }
        let fd = entries[Int(watch.slot)].fd
        entries[Int(watch.slot)].client = nil
        entries[Int(watch.slot)].generation &+= 1
        free.append(watch.slot)
        return fd
    }

    @inline(__always)
    func client(of watch: Watch) -> (any ReadinessHandler)? {
        holds(watch) ? entries[Int(watch.slot)].client : nil
    }

    /// Notes the wanted events; the descriptor if they are different from before.
    mutating func change(_ watch: Watch, _ events: UInt32) -> Int32? {
        guard holds(watch), entries[Int(watch.slot)].events != events else { return nil }
        entries[Int(watch.slot)].events = events
        return entries[Int(watch.slot)].fd
    }

    @inline(__always)
    private func holds(_ watch: Watch) -> Bool {
        Int(watch.slot) < entries.count && entries[Int(watch.slot)].generation == watch.generation
    }
}
