import OpenSSL
import Secrets
import Testing

@Suite struct RandomnessTests {
    @Test(arguments: [0, 1, 16, 32, 4096])
    func `as many random bytes are returned as requested`(_ count: Int) {
        #expect(randomBytes(count).count == count)
        #expect(Secret(random: count).count == count)
    }

    @Test func `a negative number of bytes returns none`() { #expect(randomBytes(-1).isEmpty) }

    @Test func `two random values differ`() {
        #expect(Set((0..<1000).map { _ in randomBytes(16) }).count == 1000)
        #expect(Set((0..<1000).map { _ in randomUInt64() }).count == 1000)
        #expect(Secret(random: 16) != Secret(random: 16))
    }

    /// For 8,000,000 fair bits, 15 standard deviations are 21,213.
    @Test func `half of the random bits are set`() {
        let ones = randomBytes(1_000_000).reduce(0) { $0 + $1.nonzeroBitCount }
        #expect(abs(ones - 4_000_000) < 21_213)
    }
}
