/// The name that was probably meant: at most two slips away, and fewer for a short name.
func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
    let longest = 64
    guard name.utf8.count <= longest else { return nil }
    let slips = candidates.map { (name: $0, count: distance(Array(name.utf8), Array($0.utf8))) }
    guard let best = slips.min(by: { ($0.count, $0.name) < ($1.count, $1.name) }) else { return nil }
    return best.count <= min(2, max(1, best.name.utf8.count / 3)) ? best.name : nil
}

/// How many letters are missing, too many, wrong, or swapped with a neighbour (optimal string alignment).
private func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var rows = [Array(0...b.count)]
    for i in 0..<a.count {
        var row = [i + 1]
        for j in 0..<b.count {
            var cost = min(rows[i][j] + (a[i] == b[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, rows[i - 1][j - 1] + 1) }
            row.append(cost)
        }
        rows.append(row)
    }
    return rows[a.count][b.count]
}
