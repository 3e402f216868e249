/// Which uids belong to one person: the ranges of /etc/subuid (subuid(5)). All ranges of one owner are one person; the owner's own uid, for which a
/// name service would have to be asked, is another.
package struct SubordinateUIDs: Sendable, Equatable {
    private struct Range: Sendable, Equatable {
        var first: UInt32
        var last: UInt32
        /// The first uid of the owner's first range.
        var person: UInt32
    }
    private static let least: UInt32 = 65_536

    /// Ascending, and none overlaps another.
    private var ranges: [Range] = []

    /// Everybody has one uid.
    package init() {}

    /// - Parameter text: lines of `owner:first:count`. Others are passed over, as getsubids(1) does. So are the ranges of root, who may be anybody, and
    ///   uids below 65,536, which belong to accounts of their own whatever a range says (login.defs(5), SUB_UID_MIN).
    package init(_ text: String) {
        var persons: [Substring: UInt32] = [:]
        var found: [Range] = []
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 3, let first = UInt32(fields[1]), let count = UInt32(fields[2]), count > 0 else { continue }
            let (end, isTooLarge) = first.addingReportingOverflow(count - 1)
            let last = isTooLarge ? .max : end
            guard last >= Self.least, fields[0] != "root", UInt32(fields[0]) != 0 else { continue }
            let person = persons[fields[0], default: max(first, Self.least)]
            persons[fields[0]] = person
            found.append(Range(first: max(first, Self.least), last: last, person: person))
        }
        found.sort { ($0.first, $1.last, $0.person) < ($1.first, $0.last, $1.person) }
        ranges = Self.apart(found)
    }

    /// The same uids without overlaps: of several ranges the one that begins last counts, and where it ends the others go on.
    private static func apart(_ sorted: [Range]) -> [Range] {
        var apart: [Range] = []
        var open: [Range] = []
        var next: UInt64 = 0
        func fill(upTo end: UInt64) {
            while next < end, let range = open.last {
                let last = min(UInt64(range.last), end - 1)
                if last >= next { apart.append(Range(first: UInt32(next), last: UInt32(last), person: range.person)) }
                next = max(next, last + 1)
                if UInt64(range.last) < next { open.removeLast() }
            }
            next = max(next, end)
        }
        for range in sorted {
            fill(upTo: UInt64(range.first))
            open.append(range)
        }
        fill(upTo: UInt64(UInt32.max) + 1)
        return apart
    }

    /// The uid that stands for the person; the uid itself where it is in no range. The cost grows with the logarithm of the number of ranges.
    package func person(of uid: UInt32) -> UInt32 {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].first <= uid { low = middle + 1 } else { high = middle }
        }
        guard low > 0, uid <= ranges[low - 1].last else { return uid }
        return ranges[low - 1].person
    }
}
