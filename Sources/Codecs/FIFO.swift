/// First in, first out. Taking an element costs the same however many wait.
package struct FIFO<Element> {
    @usableFromInline var elements: [Element?] = []
    @usableFromInline var head = 0

    @inlinable
    package init() {}

    @inlinable
    package var isEmpty: Bool { head == elements.count }

    @inlinable
    package var count: Int { elements.count - head }

    @inlinable
    package var all: [Element] { elements[head...].compactMap { $0 } }

    /// The one at this place; the first is at 0.
    @inlinable
    package subscript(place: Int) -> Element? {
        get { elements[head + place] }
        set { elements[head + place] = newValue }
    }

    @inlinable
    package mutating func append(_ element: Element) { elements.append(element) }

    /// Puts one before all others.
    @inlinable
    package mutating func prepend(_ element: Element) {
        guard head > 0 else { return elements.insert(element, at: 0) }
        head -= 1
        elements[head] = element
    }

    /// Takes out what is wanted; the rest keeps its order.
    @inlinable
    package mutating func take(_ isWanted: (Element) -> Bool) -> [Element] {
        let waiting = all
        (elements, head) = (waiting.filter { !isWanted($0) }, 0)
        return waiting.filter(isWanted)
    }

    @inlinable
    package mutating func removeFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head]
        // it may hold a token
        elements[head] = nil
        head += 1
        if head == elements.count {
            // room for a few is kept: most queues are soon used again
            elements.removeAll(keepingCapacity: head <= 16)
            head = 0
        } else if head > 1_024, head > elements.count / 2 {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }
}

extension FIFO: Sendable where Element: Sendable {}
