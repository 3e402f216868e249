internal import CSystemd

/// An object that is told when its descriptor is readable or writable.
@MainActor
package protocol ReadinessHandler: AnyObject {
    /// `events` are the current bits of `LoopEvents` (epoll_ctl(2)). They are level-triggered: an event that is not handled is reported again.
    func ready(_ events: UInt32)
}

/// The event bits of epoll_ctl(2).
package enum LoopEvents {
    package static let readable = EPOLLIN.rawValue
    package static let writable = EPOLLOUT.rawValue
    /// The peer shut down its sending side. Reported only if requested.
    package static let peerClosed = EPOLLRDHUP.rawValue
    /// Both sides are closed, or the descriptor has an error. Always reported.
    package static let hangup = EPOLLHUP.rawValue | EPOLLERR.rawValue
}

/// Identifies a watched descriptor. The generation distinguishes the present client of a slot from earlier ones. An event that is already in the
/// batch when its client leaves is thus never delivered to the next client of the slot.
package struct WatchHandle: Hashable, Sendable {
    let slot: UInt32
    let generation: UInt32

    init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    /// From the value in `epoll_data`.
    init(epollData: UInt64) {
        self.init(slot: UInt32(truncatingIfNeeded: epollData), generation: UInt32(truncatingIfNeeded: epollData >> 32))
    }

    var epollData: UInt64 { UInt64(generation) << 32 | UInt64(slot) }
}

/// The clients of the loop by slot. A slot is reused with the next generation.
struct WatchTable {
    struct Entry {
        var client: (any ReadinessHandler)?
        var fd: Int32
        var events: UInt32
        var generation: UInt32
    }

    private var entries: ContiguousArray<Entry> = []
    private var free: ContiguousArray<UInt32> = []

    /// The number of clients.
    var count: Int { entries.count - free.count }

    mutating func insert(_ client: any ReadinessHandler, fd: Int32, events: UInt32) -> WatchHandle {
        guard let slot = free.popLast() else {
            entries.append(Entry(client: client, fd: fd, events: events, generation: 1))
            return WatchHandle(slot: UInt32(entries.count - 1), generation: 1)
        }
        let generation = entries[Int(slot)].generation
        entries[Int(slot)] = Entry(client: client, fd: fd, events: events, generation: generation)
        return WatchHandle(slot: slot, generation: generation)
    }

    /// Removes the client and returns its descriptor. `nil` if it was removed before.
    mutating func remove(_ watch: WatchHandle) -> Int32? {
        guard holds(watch) else { return nil }
        let fd = entries[Int(watch.slot)].fd
        entries[Int(watch.slot)].client = nil
        entries[Int(watch.slot)].generation &+= 1
        free.append(watch.slot)
        return fd
    }

    @inline(__always)
    func client(of watch: WatchHandle) -> (any ReadinessHandler)? {
        holds(watch) ? entries[Int(watch.slot)].client : nil
    }

    /// Stores the events. Returns the descriptor if they differ from the previous ones.
    mutating func change(_ watch: WatchHandle, _ events: UInt32) -> Int32? {
        guard holds(watch), entries[Int(watch.slot)].events != events else { return nil }
        entries[Int(watch.slot)].events = events
        return entries[Int(watch.slot)].fd
    }

    @inline(__always)
    private func holds(_ watch: WatchHandle) -> Bool {
        Int(watch.slot) < entries.count && entries[Int(watch.slot)].generation == watch.generation
    }
}
