internal import Glibc

/// Seconds since the epoch of a Gregorian date and a time, on clocks that are so many minutes ahead of UTC.
func wallSeconds(
    _ date: (year: Int, month: Int, day: Int), _ time: (hour: Int, minute: Int, second: Int), minutesEast: Int
) -> Int64 {
    var parts = tm()
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (Int32(clamping: date.year - 1900), Int32(clamping: date.month - 1), Int32(clamping: date.day))
    (parts.tm_hour, parts.tm_min, parts.tm_sec) = (Int32(clamping: time.hour), Int32(clamping: time.minute), Int32(clamping: time.second))
    return Int64(timegm(&parts)) - Int64(minutesEast) * 60
}
