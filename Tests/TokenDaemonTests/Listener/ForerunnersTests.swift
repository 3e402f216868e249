import Testing

@testable import TokenDaemon

@Suite struct ForerunnersTests {
    @Test func `whoever comes before the queue was empty once is a forerunner, and nobody after`() {
        var forerunners = Forerunners(isAnybodyThere: true)
        let before = (0..<3).map { _ in forerunners.isNext() }
        forerunners.end()
        let after = forerunners.isNext()
        #expect(before == [true, true, true])
        #expect(!after && !forerunners.areExpected)
    }

    @Test func `where nobody waits there is none`() {
        var forerunners = Forerunners(isAnybodyThere: false)
        let next = forerunners.isNext()
        #expect(!next && !forerunners.areExpected)
    }

    @Test func `of a queue that never empties the first are forerunners, as many as it can hold`() {
        var forerunners = Forerunners(isAnybodyThere: true)
        var count = 0
        while count <= Forerunners.most, forerunners.isNext() { count += 1 }
        #expect(count == Forerunners.most)
        #expect(!forerunners.areExpected)
    }
}
