internal import TokenWire

/// The metrics as lines of OpenMetrics 1.0 text, one at a time: ten thousand tokens are some megabytes of them.
package struct MetricsText: IteratorProtocol, Sendable {
    private let picture: MetricsPicture
    private var families = MetricFamily.allCases[...]
    /// What was made of the family at hand and not yet told.
    private var lines: ArraySlice<String> = []
    /// The next subject of that family; `nil` before its head was told.
    private var subject: Int?
    private var isEnded = false

    package init(_ picture: MetricsPicture) { self.picture = picture }

    package mutating func next() -> String? {
        while true {
            if let line = lines.popFirst() { return line }
            guard let family = families.first else { return end() }
            guard let present = subject else {
                (subject, lines) = (0, Self.head(family)[...])
                continue
            }
            if present < picture.subjects(of: family) {
                (subject, lines) = (present + 1, picture.samples(of: family, present).map { Self.line(family, $0) }[...])
            } else {
                (subject, families) = (nil, families.dropFirst())
            }
        }
    }

    private mutating func end() -> String? {
        defer { isEnded = true }
        return isEnded ? nil : "# EOF"
    }

    private static func head(_ family: MetricFamily) -> [String] {
        let name = family.rawValue
        let unit = name.hasSuffix("_seconds") ? ["# UNIT \(name) seconds"] : []
        return ["# TYPE \(name) \(family.kind.rawValue)"] + unit + ["# HELP \(name) \(escaped(family.help))"]
    }

    private static func line(_ family: MetricFamily, _ sample: MetricSample) -> String {
        let labels = sample.labels.map { "\($0.0)=\"\(escaped($0.1))\"" }.joined(separator: ",")
        return family.sampleName + sample.suffix + (labels.isEmpty ? "" : "{\(labels)}") + " " + sample.value
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
    }
}

/// One number, with what tells it from the others of its family.
struct MetricSample {
    var suffix = ""
    var labels: [(String, String)] = []
    var value: String

    init(_ value: some BinaryInteger, _ labels: (String, String)...) { (self.value, self.labels) = ("\(value)", labels) }
    init(_ value: Double, _ labels: (String, String)...) { (self.value, self.labels) = ("\(value)", labels) }

    /// `_bucket` for each bound, `_sum` and `_count`.
    static func all(of histogram: Histogram, _ labels: (String, String)...) -> [MetricSample] {
        var total: UInt64 = 0
        var samples: [MetricSample] = []
        for (place, count) in histogram.counts.enumerated() {
            total += count
            let bound = place < histogram.bounds.count ? "\(Double(histogram.bounds[place]) / 1e9)" : "+Inf"
            samples.append(MetricSample(suffix: "_bucket", labels: labels + [("le", bound)], value: "\(total)"))
        }
        return samples + [
            MetricSample(suffix: "_count", labels: labels, value: "\(total)"),
            MetricSample(suffix: "_sum", labels: labels, value: "\(Double(histogram.sum) / 1e9)"),
        ]
    }

    private init(suffix: String, labels: [(String, String)], value: String) {
        (self.suffix, self.labels, self.value) = (suffix, labels, value)
    }
}
