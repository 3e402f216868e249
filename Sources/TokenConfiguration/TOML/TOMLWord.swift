/// A value that stands without quotes, in ASCII: true or false, a number, a date.
enum TOMLWord {
    static func content(of word: String) throws(Complaint) -> ConfigurationNode.Content {
        if word == "true" || word == "false" { return .boolean(word == "true") }
        if let date = TOMLDate.content(of: word) { return date }
        if let number = try integer(word) { return .integer(number) }
        if isFraction(word) { return .other("a number with a fraction") }
        throw Complaint("this is no value; text goes between quotes, \"…\", and a number has digits only")
    }

    /// `nil` if it is something else; complains of a number that has no room.
    private static func integer(_ word: String) throws(Complaint) -> Int? {
        let digits: Substring
        let radix: Int
        switch word.prefix(2) {
        case "0x": (digits, radix) = (word.dropFirst(2), 16)
        case "0o": (digits, radix) = (word.dropFirst(2), 8)
        case "0b": (digits, radix) = (word.dropFirst(2), 2)
        case _: (digits, radix) = (unsigned(word[...]), 10)
        }
        guard isGrouped(digits, radix), radix != 10 || !hasLeadingZero(digits) else { return nil }
        let sign = word.hasPrefix("-") ? "-" : ""
        guard let number = Int(sign + digits.filter { $0 != "_" }, radix: radix) else { throw Complaint("the number is beyond 64 bits") }
        return number
    }

    /// `1.5`, `1e6`, `-1.5E-6`, `inf`, `nan`
    private static func isFraction(_ word: String) -> Bool {
        let word = unsigned(word[...])
        if word == "inf" || word == "nan" { return true }
        let parts = word.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
        let mantissa = parts[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        return mantissa.count + parts.count > 2 && mantissa.allSatisfy { isGrouped($0, 10) } && !hasLeadingZero(mantissa[0])
            && parts.dropFirst().allSatisfy { isGrouped(unsigned($0), 10) }
    }

    private static func unsigned(_ text: Substring) -> Substring { text.hasPrefix("+") || text.hasPrefix("-") ? text.dropFirst() : text }

    private static func hasLeadingZero(_ digits: Substring) -> Bool { digits.hasPrefix("0") && digits.utf8.count > 1 }

    /// Digits, perhaps with single underscores between them.
    private static func isGrouped(_ text: Substring, _ radix: Int) -> Bool {
        text.split(separator: "_", omittingEmptySubsequences: false).allSatisfy { group in
            !group.isEmpty && group.allSatisfy { ($0.hexDigitValue ?? radix) < radix }
        }
    }
}
