/// When each thing is next due: a binary heap that keeps only the newest deadline of each key. Inlinable as `FairHoldings` is.
package struct Deadlines<Key: Hashable & Sendable>: Sendable {
    @usableFromInline var heap: [(at: Int64, key: Key)] = []
    @usableFromInline var current: [Key: Int64] = [:]

    @inlinable
    package init() {}

    /// The earliest deadline, or `nil` when nothing is scheduled.
    @inlinable
    package var next: Int64? { first?.at }

    /// The key with the earliest deadline.
    @inlinable
    package var first: (at: Int64, key: Key)? { heap.first }

    /// How many keys have a deadline.
    var count: Int { current.count }

    /// Every key that has a deadline.
    var keys: some Collection<Key> { current.keys }

    /// The deadline of one key.
    subscript(key: Key) -> Int64? { current[key] }

    /// Sets, moves or (with `nil`) removes the deadline of a key.
    @inlinable
    package mutating func set(_ key: Key, at deadline: Int64?) {
        guard current[key] != deadline else { return }
        current[key] = deadline
        guard let deadline else { return dropStale() }
        heap.append((deadline, key))
        siftUp(heap.count - 1)
        dropStale()
    }

    /// Removes the deadlines of all such keys.
    mutating func removeAll(where isUnwanted: (Key) -> Bool) {
        for key in current.keys.filter(isUnwanted) { set(key, at: nil) }
    }

    /// Takes out the keys whose deadline has come, the earliest first, and no more than so many: the others stay due.
    mutating func due(at now: Int64, atMost most: Int = .max) -> [Key] {
        var keys: [Key] = []
        dropStale()
        while keys.count < most, let first = heap.first, first.at <= now {
            removeFirst()
            if current[first.key] == first.at {
                current[first.key] = nil
                keys.append(first.key)
            }
            dropStale()
        }
        return keys
    }

    /// The first element always is a current one; and old ones never outnumber them.
    @inlinable
    mutating func dropStale() {
        while let first = heap.first, current[first.key] != first.at { removeFirst() }
        if heap.count > 64, heap.count > 2 * current.count {
            heap = current.map { ($0.value, $0.key) }.sorted { $0.at < $1.at }
        }
    }

    @inlinable
    mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        siftDown(0)
    }

    @inlinable
    mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0, heap[child].at < heap[(child - 1) / 2].at {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    @inlinable
    mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].at < heap[least].at { least = child }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
