import Glibc
import Testing

/// Checks that a block of memory is overwritten before it goes back to the allocator.
///
/// The allocator hands a freed block of this size out again; what it holds then is what the secret left there, what somebody else wrote meanwhile,
/// and at its start what the allocator itself notes in a free block. So the whole pattern is looked for, which only the secret had.
/// - Parameter leave: fills a block of so many bytes with the pattern and lets go of it; gives its address, and what must not go before it was looked at.
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
