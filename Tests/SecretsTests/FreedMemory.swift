import Glibc
import Testing

/// Checks that a block of memory is overwritten before it is freed.
///
/// malloc(3) returns a freed block of this size again. The block then contains what the secret left, what other threads wrote meanwhile, and the
/// allocator's own data at its start. So the test searches for the whole pattern, which only the secret had.
/// - Parameter leave: fills a block of `size` bytes with the pattern and frees it. Returns the address, and an object that must stay alive until
///   the check.
func expectOverwritten(_ leave: (_ size: Int, _ pattern: [UInt8]) -> (address: UInt?, kept: AnyObject?)) throws {
    let size = 1024
    let pattern = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
    var blocksSeenAgain = 0
    for _ in 0..<100 {
        let (address, kept) = leave(size, pattern)
        let block = try #require(malloc(size))
        defer { free(block) }
        withExtendedLifetime(kept) {}
        guard UInt(bitPattern: block) == address else { continue }
        blocksSeenAgain += 1
        let left = UnsafeRawBufferPointer(start: block, count: size)
        let places = stride(from: 0, to: size, by: pattern.count).filter { left[$0..<$0 + pattern.count].elementsEqual(pattern) }
        #expect(places == [])
    }
    #expect(blocksSeenAgain > 0)
}
