/// An HTTP date (RFC 9110 section 5.6.7): `httpDate(0)` is `Thu, 01 Jan 1970 00:00:00 GMT`.
/// - Parameter seconds: Unix time.
package func httpDate(_ seconds: Int) -> String {
    let days = seconds.flooredQuotient(by: 86_400)
    let second = seconds - days * 86_400
    let (year, month, day) = civil(days: days)
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][days - days.flooredQuotient(by: 7) * 7]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return "\(weekday), \(two(day)) \(months[month - 1]) \(year) "
        + "\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60)) GMT"
}

/// The Gregorian date `days` after 1 January 1970. Years start in March, so that the leap day is the last.
private func civil(days: Int) -> (year: Int, month: Int, day: Int) {
    let sinceEra = days + 719_468
    let era = sinceEra.flooredQuotient(by: 146_097)
    let dayOfEra = sinceEra - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
}

private func two(_ number: Int) -> String {
    number < 10 ? "0\(number)" : String(number)
}

extension Int {
    fileprivate func flooredQuotient(by divisor: Int) -> Int {
        self >= 0 ? self / divisor : (self - divisor + 1) / divisor
    }
}
