/// Which uids belong to one person: the ranges of /etc/subuid (subuid(5)). All ranges of one owner are one person; the owner's own uid, for which a
/// name service would have to be asked, is another.
package struct SubordinateUIDs: Sendable, Equatable {
    private struct Range: Sendable, Equatable {
        var first: UInt32
        var last: UInt32
        /// The first uid of the owner's first range.
        var person: UInt32
    }
    /// Ascending. Where two overlap, the one that begins later counts.
    private var ranges: [Range] = []

    /// Everybody has one uid.
    package init() {}

    /// - Parameter text: lines of `owner:first:count`. Others are passed over, as getsubids(1) does.
    package init(_ text: String) {
        var persons: [Substring: UInt32] = [:]
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 3, let first = UInt32(fields[1]), let count = UInt32(fields[2]), count > 0 else { continue }
            let (last, isTooLarge) = first.addingReportingOverflow(count - 1)
            let person = persons[fields[0], default: first]
            persons[fields[0]] = person
            ranges.append(Range(first: first, last: isTooLarge ? .max : last, person: person))
        }
        ranges.sort { ($0.first, $0.last, $0.person) < ($1.first, $1.last, $1.person) }
    }

    /// The uid that stands for the person; the uid itself where it is in no range. The cost grows with the logarithm of the number of ranges.
    func person(of uid: UInt32) -> UInt32 {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].first <= uid { low = middle + 1 } else { high = middle }
        }
        guard low > 0, uid <= ranges[low - 1].last else { return uid }
        return ranges[low - 1].person
    }
}
