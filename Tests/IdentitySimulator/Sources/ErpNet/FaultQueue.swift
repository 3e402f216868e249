/// The active faults in order.
package struct FaultQueue: Sendable {
    package private(set) var faults: [Fault] = []
    private var nextID = 1

    package init() {}

    /// An empty queue that continues the numbering, so that a number is never reused.
    package init(after other: FaultQueue) { nextID = other.nextID }

    /// Appends the fault of a control command and returns its number.
    package mutating func add(_ line: ControlLine) throws(ControlError) -> Int {
        let fault = try Fault(line, id: nextID)
        faults.append(fault)
        nextID += 1
        return fault.id
    }

    /// The first fault that affects this request. It is used up by one.
    package mutating func take(for request: Request, client: String?) -> Fault? {
        guard let index = faults.firstIndex(where: { $0.target.meets(request, client: client) }) else { return nil }
        if let remaining = faults[index].remaining { faults[index].remaining = remaining - 1 }
        let taken = faults[index]
        if taken.remaining == 0 { faults.remove(at: index) }
        return taken
    }

    /// Removes the faults that match `which`, and returns their numbers.
    package mutating func clear(_ which: (Fault) -> Bool) -> [Int] {
        let cleared = faults.filter(which).map(\.id)
        faults.removeAll(where: which)
        return cleared
    }
}
