internal import TokenLedger

/// A value of a TOML file together with where it stands.
struct ConfigurationNode {
    enum Content {
        case string(String)
        case integer(Int)
        case boolean(Bool)
        /// A date with time and zone, in seconds since the epoch; a fraction of a second is cut.
        case moment(Int64)
        case array([ConfigurationNode])
        case table([String: ConfigurationNode])
        /// A kind of value that no key of ours takes, such as "a time".
        case other(String)
    }
    let place: Place
    let content: Content

    private var kind: String {
        switch content {
        case .string: "a string"
        case .integer: "a number"
        case .boolean: "true or false"
        case .moment: "a date with a time"
        case .array: "an array"
        case .table: "a table"
        case .other(let kind): kind
        }
    }

    func mustBe(_ wanted: String) -> Complaint { Complaint("must be \(wanted), not \(kind)") }
}

/// Each takes the value as one kind, or complains.
extension ConfigurationNode {
    func text() throws(Complaint) -> String {
        guard case .string(let text) = content else { throw mustBe("a string") }
        guard !text.isEmpty else { throw Complaint("must not be empty") }
        return text
    }

    func flag() throws(Complaint) -> Bool {
        guard case .boolean(let flag) = content else { throw mustBe("true or false") }
        return flag
    }

    func integer(in range: ClosedRange<Int>, _ unit: String) throws(Complaint) -> Int {
        guard case .integer(let number) = content else { throw mustBe("a whole number of \(unit)") }
        guard range.contains(number) else {
            throw Complaint("must be \(range.lowerBound) to \(range.upperBound) \(unit), not \(number)")
        }
        return number
    }

    /// One of the words that the cases stand for.
    func choice<Word: CaseIterable & RawRepresentable<String>>(of _: Word.Type) throws(Complaint) -> Word {
        let text = try text()
        guard let word = Word(rawValue: text) else {
            throw Complaint("must be \(alternatives(Word.allCases.map(\.rawValue))), not \(quoted(text))")
        }
        return word
    }

    func elements() throws(Complaint) -> [ConfigurationNode] {
        guard case .array(let elements) = content else { throw mustBe("an array") }
        return elements
    }
}

/// `"a", "b" or "c"`
func alternatives(_ words: [String]) -> String {
    let words = words.map(quoted)
    return words.count < 2 ? words.joined() : words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1]
}
