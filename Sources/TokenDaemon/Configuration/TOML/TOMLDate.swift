/// Dates and times as RFC 3339 writes them. None of them is a value of ours; what they are is for saying so.
nonisolated enum TOMLDate {
    /// `nil` if it is none.
    static func kind(of word: String) -> String? {
        if isDate(word) { return "a date" }
        if isTime(word[...]) { return "a time" }
        let parts = word.split(maxSplits: 1, omittingEmptySubsequences: false) { "Tt ".contains($0) }
        guard parts.count == 2, isDate(String(parts[0])), isTime(parts[1]) || hasOffset(parts[1]) else { return nil }
        return "a date with a time"
    }

    /// `2027-03-01`
    static func isDate(_ text: String) -> Bool {
        guard let numbers = numbers(text[...], "-", [4, 2, 2]) else { return false }
        let (year, month, day) = (numbers[0], numbers[1], numbers[2])
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...12).contains(month) && (1...lengths[month - 1]).contains(day)
    }

    /// `23:59:59.125`
    private static func isTime(_ text: Substring) -> Bool {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let clock = parts.first, let numbers = numbers(clock, ":", [2, 2, 2]) else { return false }
        return numbers[0] < 24 && numbers[1] < 60 && numbers[2] < 60 && parts.dropFirst().allSatisfy { !$0.isEmpty && $0.allSatisfy(isDigit) }
    }

    /// `23:59:59Z`, `23:59:59+02:00`
    private static func hasOffset(_ text: Substring) -> Bool {
        if text.hasSuffix("Z") || text.hasSuffix("z") { return isTime(text.dropLast()) }
        let offset = text.suffix(6)
        guard offset.hasPrefix("+") || offset.hasPrefix("-"), let numbers = numbers(offset.dropFirst(), ":", [2, 2]) else { return false }
        return numbers[0] < 24 && numbers[1] < 60 && isTime(text.dropLast(6))
    }

    /// Numbers of so many digits each, with a separator between them.
    private static func numbers(_ text: Substring, _ separator: Character, _ widths: [Int]) -> [Int]? {
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == widths, parts.allSatisfy({ $0.allSatisfy(isDigit) }) else { return nil }
        return parts.compactMap { Int($0) }
    }

    private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }
}
