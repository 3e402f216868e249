/// Parses HTTP dates in the three forms that a recipient must accept (RFC 9110 section 5.6.7).
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Seconds since the epoch; `nil` if the text is not a date.
    /// - Parameter now: the wall clock in seconds, to interpret two-digit years.
    static func seconds(of text: String, now: Int64) -> Int64? {
        let words = text.split { $0 == " " || $0 == "," || $0 == "-" }
        switch words.count {
        case 6 where words[5] == "GMT":  // Sun, 06 Nov 1994 08:49:37 GMT, or Sunday, 06-Nov-94 08:49:37 GMT
            return seconds(year: words[3], month: words[2], day: words[1], time: words[4], now: now)
        case 5:  // Sun Nov  6 08:49:37 1994
            return seconds(year: words[4], month: words[1], day: words[2], time: words[3], now: now)
        default:
            return nil
        }
    }

    private static func seconds(year: Substring, month: Substring, day: Substring, time: Substring, now: Int64) -> Int64? {
        let clock = time.split(separator: ":", omittingEmptySubsequences: false).map { number($0, in: 0...60) }
        guard let month = months.firstIndex(of: String(month)), let day = number(day, in: 1...31), let year = self.year(year, now: now),
            clock.count == 3, let hour = clock[0], hour < 24, let minute = clock[1], minute < 60, let second = clock[2]
        else { return nil }
        return days(year: year, month: Int64(month) + 1, day: day) * 86_400 + hour * 3600 + minute * 60 + second
    }

    private static func year(_ text: Substring, now: Int64) -> Int64? {
        switch text.utf8.count {
        case 4: return number(text, in: 1970...9999)
        case 2:
            guard let short = number(text, in: 0...99) else { return nil }
            // a year that appears to be more than 50 years ahead is the most recent past year with these digits
            let thisYear = 1970 + now / 31_556_952
            let guess = thisYear - thisYear % 100 + short
            return guess > thisYear + 50 ? guess - 100 : guess
        default: return nil
        }
    }

    /// Days since the epoch in the Gregorian calendar. The year starts in March, so that a leap day is its last day.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let sinceMarch = (month + 9) % 12
        return year * 365 + year / 4 - year / 100 + year / 400 + (sinceMarch * 153 + 2) / 5 + day - 1 - 719_468
    }

    private static func number(_ text: Substring, in range: ClosedRange<Int64>) -> Int64? {
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int64(text), range.contains(number) else { return nil }
        return number
    }
}
