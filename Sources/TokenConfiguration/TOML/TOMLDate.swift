/// Dates and times as RFC 3339 writes them.
enum TOMLDate {
    /// `nil` if it is none. Without a zone it is another moment in every place.
    static func content(of word: String) -> ConfigurationNode.Content? {
        if isDate(word) { return .other("a date") }
        if time(word[...]) != nil { return .other("a time") }
        let parts = word.split(maxSplits: 1, omittingEmptySubsequences: false) { "Tt ".contains($0) }
        guard parts.count == 2, let date = date(parts[0]) else { return nil }
        if time(parts[1]) != nil { return .other("a date with a time and no zone") }
        guard let (time, minutesEast) = zoned(parts[1]) else { return nil }
        return .moment(wallSeconds(date, time, minutesEast: minutesEast))
    }

    /// `2027-03-01`
    static func isDate(_ text: String) -> Bool { date(text[...]) != nil }

    private static func date(_ text: Substring) -> (year: Int, month: Int, day: Int)? {
        guard let numbers = numbers(text, "-", [4, 2, 2]) else { return nil }
        let (year, month, day) = (numbers[0], numbers[1], numbers[2])
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...12).contains(month), (1...lengths[month - 1]).contains(day) else { return nil }
        return (year, month, day)
    }

    /// `23:59:59.125`; the fraction is cut.
    private static func time(_ text: Substring) -> (hour: Int, minute: Int, second: Int)? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let clock = parts.first, parts.dropFirst().allSatisfy({ !$0.isEmpty && $0.allSatisfy(isDigit) }),
            let numbers = numbers(clock, ":", [2, 2, 2]), numbers[0] < 24, numbers[1] < 60, numbers[2] < 60
        else { return nil }
        return (numbers[0], numbers[1], numbers[2])
    }

    /// `23:59:59Z`, `23:59:59+02:00`
    private static func zoned(_ text: Substring) -> (time: (hour: Int, minute: Int, second: Int), minutesEast: Int)? {
        if text.hasSuffix("Z") || text.hasSuffix("z") { return time(text.dropLast()).map { ($0, 0) } }
        let zone = text.suffix(6)
        guard zone.hasPrefix("+") || zone.hasPrefix("-"), let numbers = numbers(zone.dropFirst(), ":", [2, 2]), numbers[0] < 24, numbers[1] < 60,
            let time = time(text.dropLast(6))
        else { return nil }
        return (time, (zone.hasPrefix("-") ? -1 : 1) * (numbers[0] * 60 + numbers[1]))
    }

    /// Numbers of so many digits each, with a separator between them.
    private static func numbers(_ text: Substring, _ separator: Character, _ widths: [Int]) -> [Int]? {
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == widths, parts.allSatisfy({ $0.allSatisfy(isDigit) }) else { return nil }
        return parts.compactMap { Int($0) }
    }

    private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }
}
