import Dispatch
import Systemd
import Testing
import Threads

@MainActor
@Suite struct MailboxTests {
    private let loop: Loop

    init() throws { loop = try Loop() }

    @Test func `messages that were sent before the mailbox is opened are delivered in order`() throws {
        let mailbox = try Mailbox<Int>()
        for number in 0..<10 { mailbox.send(number) }
        var received: [Int] = []
        try mailbox.open(on: loop) { received.append($0) }
        #expect(try loop.run { received.count == 10 })
        #expect(received == Array(0..<10))
    }

    @Test func `no message of concurrent threads is lost, and each thread keeps its order`() throws {
        struct Letter: Sendable { let sender: Int, number: Int }
        let mailbox = try Mailbox<Letter>()
        let senders = 8, letters = 20_000
        for sender in 0..<senders {
            DispatchQueue.global().async {
                for number in 0..<letters { mailbox.send(Letter(sender: sender, number: number)) }
            }
        }
        var next = [Int](repeating: 0, count: senders)
        var disorder = 0
        try mailbox.open(on: loop) { letter in
            if next[letter.sender] != letter.number { disorder += 1 }
            next[letter.sender] += 1
        }
        #expect(try loop.run { next.allSatisfy { $0 == letters } })
        #expect(disorder == 0)
    }

    @Test func `a message that is sent during a delivery arrives in a later iteration`() throws {
        let mailbox = try Mailbox<Int>()
        var received: [(number: Int, turn: UInt64)] = []
        try mailbox.open(on: loop) { [loop] number in
            received.append((number, loop.turns))
            if number < 100 { mailbox.send(number + 1) }
        }
        mailbox.send(0)
        #expect(try loop.run { received.count == 101 })
        #expect(zip(received, received.dropFirst()).allSatisfy { $0.turn < $1.turn && $0.number + 1 == $1.number })
    }

    @Test func `a sender that waits for each message to be received is always woken`() throws {
        let mailbox = try Mailbox<Int>()
        let answered = DispatchSemaphore(value: 0)
        DispatchQueue.global().async {
            for number in 0..<10_000 {
                mailbox.send(number)
                answered.wait()
            }
        }
        var received = 0
        try mailbox.open(on: loop) { number in
            #expect(number == received)
            received += 1
            answered.signal()
        }
        #expect(try loop.run { received == 10_000 })
    }

    @Test func `a mailbox is released with its loop`() throws {
        weak var gone: Mailbox<Int>?
        try {
            let loop = try Loop()
            let mailbox = try Mailbox<Int>()
            gone = mailbox
            try mailbox.open(on: loop) { _ in }
        }()
        #expect(gone == nil)
    }
}
