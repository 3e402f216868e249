import Testing
import TestSupport

@testable import Codecs

@Suite struct FIFOTests {
    @Test func `elements come out in the order in which they went in, however the two alternate`() {
        var queue = FIFO<Int>()
        var (last, next) = (0, 0)
        var dice = SeededRandom(7)
        for _ in 0..<20_000 {
            if Int.random(in: 0..<5, using: &dice) < 3 {
                queue.append(last)
                last += 1
            } else if let element = queue.removeFirst() {
                #expect(element == next)
                next += 1
            }
        }
        #expect(queue.all == Array(next..<last))
        while let element = queue.removeFirst() {
            #expect(element == next)
            next += 1
        }
        #expect(queue.isEmpty && next == last)
    }

    @Test func `an element that was taken out is let go of at once`() {
        final class Thing {}
        var queue = FIFO<Thing>()
        weak var first: Thing?
        do {
            let thing = Thing()
            first = thing
            queue.append(thing)
            queue.append(Thing())
        }
        _ = queue.removeFirst()
        #expect(first == nil)
    }

    @Test func `one that is put back comes first, and places count from there`() {
        var queue = FIFO<Int>()
        queue.prepend(1)
        for number in 2...4 { queue.append(number) }
        #expect(queue.removeFirst() == 1 && queue.count == 3)
        queue.prepend(0)
        queue[1] = 7
        #expect(queue.all == [0, 7, 3, 4] && queue[0] == 0)
    }
}
