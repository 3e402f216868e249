internal import Glibc

/// A place where bytes from outside the process come in: what reads them, and what must hold for all of them.
struct Door {
    let name: String
    /// Ends the process with a sentence when a promise is broken; a trap of the reader's own ends it just as well.
    let enter: (UnsafeRawBufferPointer) -> Void
}

/// In the order of the "doors" list of Tests/Fuzz/run.
private let doors: [Door] = [
    .line, .reply, .json, .jwt, .keys, .discovery, .token, .toml, .config, .record, .kept, .callback, .peer, .journal,
]

/// The variable that names the door of this process.
private let variable = "TOKEND_FUZZ_DOOR"

private let door: Door = {
    let name = getenv(variable).map { String(cString: $0) } ?? ""
    guard let door = doors.first(where: { $0.name == name }) else {
        complain("\(variable) must be one of: \(doors.map(\.name).joined(separator: " "))")
        // exit(3) is a crash to libFuzzer
        _exit(64)
    }
    return door
}()

/// What libFuzzer calls for each input.
@_cdecl("LLVMFuzzerTestOneInput")
nonisolated func enterDoor(_ start: UnsafeRawPointer?, _ count: Int) -> Int32 {
    let address = UInt(bitPattern: start)
    // libFuzzer runs inputs on the thread of main()
    MainActor.assumeIsolated {
        let began = processorTime()
        door.enter(UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count))
        let taken = processorTime() - began
        must(taken < longestTime, "one input took \(taken / 1_000_000) ms of processor time")
    }
    return 0
}

/// Nanoseconds of processor time for one input. A quarter of a second is a hundred times what the longest inputs need.
private let longestTime: Int64 = 250_000_000

private func processorTime() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// A promise that holds for every input. libFuzzer writes the input to a file when the process aborts.
func must(_ condition: Bool, _ promise: @autoclosure () -> String) {
    guard !condition else { return }
    complain("BROKEN: \(promise())")
    abort()
}

private func complain(_ text: String) {
    Array("\(text)\n".utf8).withUnsafeBytes { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

// MARK: parts of an input

/// Takes an input apart: the first bytes choose among settings, the rest is what the reader under test is fed.
struct Input {
    private(set) var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    /// The next byte; 0 at the end.
    mutating func byte() -> UInt8 {
        guard let first = rest.first else { return 0 }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
        return first
    }

    /// One of so many choices.
    mutating func choice(_ count: Int) -> Int { Int(byte()) % count }

    /// The next lines' worth of bytes up to a separator, which is dropped.
    mutating func part(upTo separator: UInt8) -> UnsafeRawBufferPointer {
        let end = rest.firstIndex(of: separator) ?? rest.count
        defer { rest = UnsafeRawBufferPointer(rebasing: rest[min(end + 1, rest.count)...]) }
        return UnsafeRawBufferPointer(rebasing: rest[..<end])
    }

    /// All that is left, in pieces. `pattern` decides their lengths: 1 to 64 bytes; 0 is one piece.
    func pieces(_ pattern: UInt8) -> [UnsafeRawBufferPointer] {
        guard pattern > 0 else { return [rest] }
        var pieces: [UnsafeRawBufferPointer] = []
        var (place, length) = (0, Int(pattern))
        while place < rest.count {
            length = (length &* 37 &+ 11) % 64
            let end = min(place + length + 1, rest.count)
            pieces.append(UnsafeRawBufferPointer(rebasing: rest[place..<end]))
            place = end
        }
        return pieces
    }
}

extension UnsafeRawBufferPointer {
    var text: String { String(decoding: self, as: UTF8.self) }
}

// MARK: promises that several doors have in common

extension String {
    /// No byte and no character that a terminal or a journal would obey: C0, DEL and C1.
    var isPlain: Bool { isPrintableASCII || unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) } }

    var isPrintableASCII: Bool { utf8.allSatisfy { (0x20...0x7E).contains($0) } }
}
