import Testing
import TestSupport
@testable import TokenWire

@Suite struct `Anything at all` {
    /// Parts of which almost valid lines are made.
    static let pieces: [String] =
        Verb.allCases.map(\.rawValue) + RequestKey.allCases.map { "\($0.name)=" } + [
            " ", " ", " ", "  ", "=", "%", "%2", "%20", "%ff", "\r", "\t", "\0", "é", "a.b", "portal.sync", "600", "601", "-1", "18446744073709551616",
            "9f3ac2d1770b41e6", "device", String(repeating: "z", count: 100), "get", "\u{7f}", "\"", "\\", ":",
        ]

    static func line(_ dice: inout SeededRandom) -> [UInt8] {
        if Int.random(in: 0..<4, using: &dice) == 0 {
            return (0..<Int.random(in: 0..<60, using: &dice)).map { _ in UInt8.random(in: 0...255, using: &dice) }
        }
        return (0..<Int.random(in: 1..<12, using: &dice)).flatMap { _ in Array((pieces.randomElement(using: &dice) ?? "").utf8) }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func `is parsed or refused in a short printable sentence`(_ seed: UInt64) throws {
        var dice = SeededRandom(seed)
        var understood = 0
        for _ in 0..<20_000 {
            let line = Self.line(&dice)
            switch line.withUnsafeBytes({ Request.parse($0) }) {
            case .success(let request):
                understood += 1
                let written = try request.encoded()
                #expect(try Request.parse(String(written.dropLast())).get() == request)
            case .failure(let refusal):
                #expect(refusal.code == .badRequest && refusal.fields.isEmpty)
                #expect(!refusal.text.isEmpty && refusal.text.utf8.count <= 200 && refusal.text.utf8.allSatisfy(\.isPrintable))
            }
        }
        #expect(understood > 100)
    }

    @Test func `every single byte at every position of a request`() {
        let line = Array("GET a.b scope=x%20 wait=1".utf8)
        for place in line.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = line
                changed[place] = byte
                _ = changed.withUnsafeBytes { Request.parse($0) }
            }
        }
    }

    @Test(arguments: [5, 6] as [UInt64]) func `as a reply is parsed or malformed`(_ seed: UInt64) {
        var dice = SeededRandom(seed)
        let openings = ["OK ", "+ ", "ERR ", "ERR busy ", "OK", ""].map { Array($0.utf8) }
        for _ in 0..<20_000 {
            let line = (openings.randomElement(using: &dice) ?? []) + Self.line(&dice)
            switch line.withUnsafeBytes({ ReplyLine($0) }) {
            case .row(let body), .ok(let body): _ = (body.items(words: 1), body.token, body.text)
            case .refused, .malformed: break
            }
        }
    }

    @Test(arguments: [7, 8] as [UInt64]) func `split anywhere gives the same lines`(_ seed: UInt64) {
        var dice = SeededRandom(seed)
        for _ in 0..<300 {
            let stream = (0..<20).flatMap { _ in Self.line(&dice) + [.lineFeed] }
            let whole = `Lines out of fragments`.read([stream]).found
            var pieces: [[UInt8]] = []
            var rest = stream[...]
            while !rest.isEmpty {
                let size = Int.random(in: 1...80, using: &dice)
                pieces.append(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            #expect(`Lines out of fragments`.read(pieces).found == whole)
        }
    }
}
