/// First in, first out. Taking an element costs the same however many wait.
package struct FIFO<Element> {
    private var elements: [Element?] = []
    private var head = 0

    package init() {}

    package var isEmpty: Bool { head == elements.count }
    var all: [Element] { elements[head...].compactMap { $0 } }

    package mutating func append(_ element: Element) { elements.append(element) }

    /// Takes out what is wanted; the rest keeps its order.
    mutating func take(_ isWanted: (Element) -> Bool) -> [Element] {
        let waiting = all
        (elements, head) = (waiting.filter { !isWanted($0) }, 0)
        return waiting.filter(isWanted)
    }

    package mutating func removeFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head]
        // it may hold a token
        elements[head] = nil
        head += 1
        if head == elements.count {
            (elements, head) = ([], 0)
        } else if head > 1_024, head > elements.count / 2 {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }
}

extension FIFO: Sendable where Element: Sendable {}
