/// A change of an ID token claim by a test.
package enum IDTokenChange: Equatable, Sendable {
    case remove
    /// JSON as written.
    case verbatim(String)
    /// Seconds relative to the time of issue.
    case moment(Int)

    /// Parses JSON, `now+N` or `now-N`.
    init(_ text: String) {
        if text.hasPrefix("now"), let seconds = Int(text.dropFirst("now".count)) {
            self = .moment(seconds)
        } else {
            self = .verbatim(text)
        }
    }

    func apply(to claims: JSON, _ name: String, now: Int) -> JSON {
        switch self {
        case .remove: claims.removing(name)
        case .verbatim(let text): claims.setting(name, to: .verbatim(text))
        case .moment(let seconds): claims.setting(name, to: .number(now + seconds))
        }
    }
}
