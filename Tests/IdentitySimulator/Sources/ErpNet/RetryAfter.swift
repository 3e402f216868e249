/// A `Retry-After` header, valid or not (RFC 9110 section 10.2.3).
package enum RetryAfter: Equatable, Sendable {
    case seconds(Int)
    /// An HTTP date relative to now, in seconds.
    case date(Int)
    /// A number that exceeds 64 bits.
    case absurd
    case verbatim(String)

    /// Parses `20`, `date+20`, `date-20`, `absurd`. Any other text is sent unchanged. `absent` is `nil`.
    package init?(_ text: String) {
        switch text {
        case "absent": return nil
        case "absurd": self = .absurd
        case _ where text.hasPrefix("date"):
            self = Int(text.dropFirst("date".count)).map { .date($0) } ?? .verbatim(text)
        default: self = Int(text).map { .seconds($0) } ?? .verbatim(text)
        }
    }

    func value(now: Int) -> String {
        switch self {
        case .seconds(let seconds): String(seconds)
        case .date(let seconds): httpDate(now + seconds)
        case .absurd: "99999999999999999999"
        case .verbatim(let text): text
        }
    }
}
