/// What a test makes of a claim of ID tokens.
package enum IDTokenChange: Equatable, Sendable {
    case remove
    /// JSON, as it was written.
    case verbatim(String)
    /// So many seconds from the moment of issue.
    case moment(Int)

    /// Reads JSON, `now+N` or `now-N`.
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
