import Testing
@testable import TokenWire

@Suite struct `Lines out of fragments` {
    /// Feeds the fragments and records the events. A line that is too long is recorded as `<too long>`.
    static func read(_ pieces: [[UInt8]], mayBeLong: Bool = false, limit: Int = LineReader.limit) -> (found: [String], reader: LineReader) {
        var reader = LineReader(limit: limit)
        var found: [String] = []
        for piece in pieces {
            piece.withUnsafeBytes { bytes in
                reader.feed(bytes, mayBeLong: { _ in mayBeLong }) {
                    found.append(wording($0)); return true
                }
            }
        }
        return (found, reader)
    }

    static func wording(_ event: LineEvent) -> String {
        switch event {
        case .line(let line): String(decoding: line, as: UTF8.self)
        case .tooLong: "<too long>"
        }
    }

    static let stream = Array("PING\nGET portal.sync wait=5\r\n\nHELLO\n\n\nQUI".utf8)
    static let lines = ["PING", "GET portal.sync wait=5\r", "", "HELLO", "", ""]

    @Test func `in one piece`() {
        let (found, reader) = Self.read([Self.stream])
        #expect(found == Self.lines)
        #expect(reader.hasPartial && reader.keptCount == 3)
    }

    @Test func `split at every position`() {
        for cut in 0...Self.stream.count {
            let (found, reader) = Self.read([Array(Self.stream[..<cut]), Array(Self.stream[cut...])])
            #expect(found == Self.lines, "cut at \(cut)")
            #expect(reader.hasPartial)
        }
    }

    @Test func `split at every two positions`() {
        for first in 0...Self.stream.count {
            for second in first...Self.stream.count {
                let pieces = [Self.stream[..<first], Self.stream[first..<second], Self.stream[second...]].map(Array.init)
                #expect(Self.read(pieces).found == Self.lines, "cut at \(first) and \(second)")
            }
        }
    }

    @Test func `a byte at a time`() {
        #expect(Self.read(Self.stream.map { [$0] }).found == Self.lines)
    }

    @Test func `many lines at once`() {
        let found = Self.read([Array(String(repeating: "GET a.b\n", count: 5000).utf8)]).found
        #expect(found.count == 5000 && found.allSatisfy { $0 == "GET a.b" })
    }

    @Test func `a complete line is passed on without a copy`() {
        var reader = LineReader()
        Array("GET a.b\nPING\n".utf8).withUnsafeBytes { bytes in
            var places: [Int] = []
            reader.feed(bytes) { event in
                if case .line(let line) = event, let base = line.baseAddress { places.append(base - bytes.baseAddress!) }
                return true
            }
            #expect(places == [0, 8])
        }
        #expect(reader.keptCount == 0 && !reader.hasPartial && !reader.hasUnread)
    }

    @Test func `a caller that stops gets the remaining lines later, in order`() {
        for cut in 0...Self.stream.count {
            var reader = LineReader()
            var found: [String] = []
            for piece in [Array(Self.stream[..<cut]), Array(Self.stream[cut...])] {
                piece.withUnsafeBytes {
                    reader.feed($0) {
                        found.append(Self.wording($0)); return false
                    }
                }
            }
            var turns = 0
            while reader.hasUnread, turns < 20 {
                reader.feed(UnsafeRawBufferPointer(start: nil, count: 0)) {
                    found.append(Self.wording($0)); return false
                }
                turns += 1
            }
            #expect(found == Self.lines, "cut at \(cut)")
            #expect(reader.keptCount == 3 && turns <= Self.lines.count)
        }
    }

    @Test func `an incomplete line after a stop is kept`() {
        var reader = LineReader()
        Array("PING\nGET a".utf8).withUnsafeBytes { reader.feed($0) { _ in false } }
        #expect(reader.hasUnread && reader.hasPartial)
        var found: [String] = []
        Array(".b\n".utf8).withUnsafeBytes {
            reader.feed($0) {
                found.append(Self.wording($0)); return true
            }
        }
        #expect(found == ["GET a.b"] && reader.keptCount == 0)
    }

    static func line(_ verb: String, _ count: Int) -> [UInt8] {
        Array("\(verb) ".utf8) + Array(repeating: UInt8(ascii: "x"), count: count - verb.utf8.count - 2) + [.lineFeed]
    }

    @Test(arguments: [
        ("GET", 4096, true, true), ("GET", 4097, true, false), ("GET", 65536, true, false),
        ("IMPORT", 4096, false, true), ("IMPORT", 4097, false, false), ("IMPORT", 4097, true, true),
        ("import", 65536, true, true), ("IMPORT", 65537, true, false), ("CALLBACK", 65536, true, true), ("CALLBACK", 5000, false, false),
    ]) func `the limit of a line depends on its verb and its peer`(_ verb: String, _ count: Int, _ may: Bool, _ fits: Bool) {
        let line = Self.line(verb, count)
        let expected = fits ? [String(decoding: line.dropLast(), as: UTF8.self), "PING"] : ["<too long>"]
        let next = Array("PING\n".utf8)
        #expect(Self.read([line + next], mayBeLong: may).found == expected)
        for size in [1, 3, 1000, 4095, 4096, 4097] {
            let stream = line + next
            let pieces = stride(from: 0, to: stream.count, by: size).map { Array(stream[$0..<min($0 + size, stream.count)]) }
            let (found, reader) = Self.read(pieces, mayBeLong: may)
            #expect(found == expected, "in pieces of \(size)")
            #expect(reader.isOver == !fits && reader.keptCount == 0)
        }
    }

    @Test func `an endless line is refused as soon as it is too long`() {
        let (found, reader) = Self.read([Array(repeating: UInt8(ascii: "G"), count: 4096)])
        #expect(found == ["<too long>"])
        #expect(reader.isOver && reader.keptCount == 0 && !reader.hasPartial)
        #expect(Self.read([Array(repeating: UInt8(ascii: "G"), count: 4095)]).found == [])
    }

    @Test func `only IMPORT and CALLBACK lines may be long`() {
        var asked: [Verb] = []
        for verb in Verb.allCases {
            var reader = LineReader()
            Self.line(verb.rawValue, 5000).withUnsafeBytes {
                reader.feed(
                    $0,
                    mayBeLong: {
                        asked.append($0); return true
                    }
                ) { _ in true }
            }
        }
        #expect(asked == [.callback, .import])
    }
}
