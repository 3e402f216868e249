import TestSupport
import Testing
@testable import TokenStore

@Suite struct FreeUnitsTests {
    @Test func `taken units are nobody else's, and come together again when they are given back`() {
        var free = FreeUnits(0..<10)
        let taken = [3, 3, 4, 1].map { free.take($0) }
        #expect(taken == [0..<3, 3..<6, 6..<10, nil])
        let whole = [6..<10, 0..<3, 3..<6].map { free.give($0) }
        #expect(whole == [6..<10, 0..<3, 0..<10])
        #expect(free.ranges == [0..<10])
    }

    @Test func `particular units can be taken where they are free`() {
        var free = FreeUnits(0..<10)
        let wanted: [Range<Int>] = [4..<6, 4..<5, 3..<5, 5..<7, 9..<11, 6..<10]
        let isTaken = wanted.map { free.take($0) }
        #expect(isTaken == [true, false, false, false, false, true])
        #expect(free.ranges == [0..<4])
    }

    @Test func `the first range with enough room is used`() {
        var free = FreeUnits(0..<10)
        _ = free.take(2..<3)
        let taken = [3, 2].map { free.take($0) }
        #expect(taken == [3..<6, 0..<2])
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func `nothing is ever given twice, and nothing is lost`(_ seed: UInt64) {
        var random = SeededRandom(seed)
        var free = FreeUnits(0..<200)
        var taken: [Range<Int>] = []
        for _ in 0..<500 {
            if Bool.random(using: &random), let place = free.take(Int.random(in: 1...20, using: &random)) {
                #expect(!taken.contains { $0.overlaps(place) })
                taken.append(place)
            } else if !taken.isEmpty {
                free.give(taken.remove(at: Int.random(in: 0..<taken.count, using: &random)))
            }
            let apart = zip(free.ranges, free.ranges.dropFirst()).allSatisfy { left, right in left.upperBound < right.lowerBound }
            #expect(apart)
            let units = (free.ranges + taken).map { $0.count }
            #expect(units.reduce(0, +) == 200)
        }
    }
}
