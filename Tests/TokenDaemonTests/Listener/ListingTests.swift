import Secrets
import Testing
import TokenWire

@testable import TokenDaemon

@Suite struct ListingTests {
    @Test func `a page ends with the row that fills it, and the last one with OK`() {
        var rows = (0..<10_000).map { Row.text("row \($0)") }[...]
        let listing = Listing.plain { rows.popFirst() }
        var pages: [String] = []
        var isDone = false
        while !isDone {
            let page = SecretBuffer()
            isDone = listing.write(to: page, upTo: 4_096)
            pages.append(page.withBytes { String(decoding: $0, as: UTF8.self) })
        }
        #expect(pages.count > 20)
        #expect(pages.allSatisfy { $0.utf8.count < 4_096 + 16 })
        let lines = pages.joined().split(separator: "\n")
        #expect(lines.count == 10_001)
        #expect(lines.dropLast().enumerated().allSatisfy { $0.element == "+ row \($0.offset)" })
        #expect(lines.last == "OK")
    }

    @Test func `in the queue it stays at the head until it is told, and what was asked later waits`() throws {
        var queue = ReplyQueue()
        let first = queue.open()
        let second = queue.open()
        queue.answer(second, .ok())
        let listing = Listing { .end(.ok()) }
        queue.answer(first, listing)
        #expect(queue.isListing)
        guard case .listing(let begun)? = queue.next() else { return #expect(Bool(false)) }
        #expect(!queue.isListing)
        queue.goOn(with: begun)
        #expect(queue.isListing && queue.count == 2)
        _ = queue.next()
        guard case .answered? = queue.next() else { return #expect(Bool(false)) }
        #expect(queue.isEmpty)
    }

    @Test func `very many replies leave the queue in their order, also when one is put back`() {
        var queue = ReplyQueue()
        let numbers = (0..<5_000).map { _ in queue.open() }
        for number in numbers.reversed() { queue.answer(number, .ok(words: ["\(number)"])) }
        for number in numbers {
            guard case .answered? = queue.next() else { return #expect(Bool(false)) }
            #expect(queue.count == 4_999 - Int(number))
            if number % 7 == 0 {
                #expect(queue.reopen() == number)
                queue.answer(number, .ok())
                _ = queue.next()
            }
        }
        #expect(queue.isEmpty && queue.open() == 5_000)
    }
}
