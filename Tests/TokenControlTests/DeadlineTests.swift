import Testing
@testable import TokenControl

@Suite struct DeadlineTests {
    @Test(
        arguments: [
            (-253_402_300_799, 1, true), (0, 1, true), (253_402_300_799, 365 * 86_400, false), (.max, 365 * 86_400, false),
        ] as [(Int64, Int64, Bool)])
    func `a moment that any number names is no farther than a year, and none is before now`(_ wallTime: Int64, _ seconds: Int64, _ isOver: Bool) {
        let deadline = Deadline(at: wallTime)
        #expect(deadline.isOver == isOver)
        #expect((seconds - 10...seconds).contains(deadline.seconds))
        #expect(deadline.milliseconds == (isOver ? 0 : .max))
    }
}
