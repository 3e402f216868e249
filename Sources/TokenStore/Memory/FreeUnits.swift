/// Which units of a row are free: a list of ranges in order, none of which touches the next.
struct FreeUnits: Sendable {
    private(set) var ranges: [Range<Int>]

    init(_ all: Range<Int>) { ranges = all.isEmpty ? [] : [all] }

    /// The first so many that lie together; `nil` if nowhere are as many.
    mutating func take(_ count: Int) -> Range<Int>? {
        guard let place = ranges.firstIndex(where: { $0.count >= count }) else { return nil }
        let taken = ranges[place].lowerBound..<ranges[place].lowerBound + count
        remove(taken, at: place)
        return taken
    }

    /// Takes these; `false` if one of them is taken already.
    mutating func take(_ wanted: Range<Int>) -> Bool {
        let place = firstEnding(behind: wanted.lowerBound)
        guard place < ranges.count, ranges[place].lowerBound <= wanted.lowerBound, wanted.upperBound <= ranges[place].upperBound else { return false }
        remove(wanted, at: place)
        return true
    }

    /// Gives units back that were taken. The whole free range that they are part of now.
    @discardableResult
    mutating func give(_ units: Range<Int>) -> Range<Int> {
        var whole = units
        let place = firstEnding(behind: units.lowerBound - 1)
        var swallowed = place..<place
        if place < ranges.count, ranges[place].upperBound == units.lowerBound {
            whole = ranges[place].lowerBound..<whole.upperBound
            swallowed = place..<place + 1
        }
        if swallowed.upperBound < ranges.count, ranges[swallowed.upperBound].lowerBound == units.upperBound {
            whole = whole.lowerBound..<ranges[swallowed.upperBound].upperBound
            swallowed = swallowed.lowerBound..<swallowed.upperBound + 1
        }
        ranges.replaceSubrange(swallowed, with: [whole])
        return whole
    }

    private mutating func remove(_ units: Range<Int>, at place: Int) {
        let range = ranges[place]
        let left = [range.lowerBound..<units.lowerBound, units.upperBound..<range.upperBound].filter { !$0.isEmpty }
        ranges.replaceSubrange(place...place, with: left)
    }

    /// The first range that ends behind this unit.
    private func firstEnding(behind unit: Int) -> Int {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound > unit { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
