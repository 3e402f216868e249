extension EndpointResponse {
    /// Seconds to wait, from `Retry-After` as a number or a date, between 1 s and 1 h; `nil` when it says nothing readable (ERR-03).
    /// A date is measured from the server's own `Date` where there is one: the two clocks need not agree.
    /// - Parameter now: wall time in seconds.
    func retryDelay(now: Int64) -> Int? {
        guard let text = retryAfter?.trimmed, !text.isEmpty else { return nil }
        if text.utf8.allSatisfy({ (48...57).contains($0) }) { return Self.clamped(Int64(text) ?? .max) }
        guard let until = HTTPDate.seconds(of: text, now: now) else { return nil }
        let from = date.flatMap { HTTPDate.seconds(of: $0.trimmed, now: now) } ?? now
        return Self.clamped(until - from)
    }

    private static func clamped(_ seconds: Int64) -> Int { Int(min(max(seconds, 1), 3600)) }

    /// Seconds of `max-age`; 0 for `no-store` and `no-cache`, `nil` when nothing is said (RFC 9111 section 5.2.2).
    var maxAge: Int? {
        let directives = (cacheControl ?? "").lowercased().split(separator: ",").map { String($0).trimmed }
        if directives.contains("no-store") || directives.contains("no-cache") { return 0 }
        guard let said = directives.first(where: { $0.hasPrefix("max-age=") })?.dropFirst("max-age=".count) else { return nil }
        let digits = said.filter { $0 != "\"" }
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(digits) ?? .max
    }
}

extension ExchangeFailure {
    /// An answer that is no success.
    /// - Parameters:
    ///   - now: wall time in seconds, for a `Retry-After` that is a date.
    ///   - text: what was attempted and what came of it.
    init(_ response: EndpointResponse, _ error: OAuthError?, to sent: Sent, now: Int64, text: String) {
        self.init(
            law: Law(status: response.status, error: error?.code, to: sent, retryAfter: response.retryDelay(now: now)),
            reach: Reach(status: response.status, error: error?.code), oauthError: error?.code, status: response.status, text: text)
    }
}

extension String {
    /// Without spaces and tabs at both ends.
    var trimmed: String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(self[first...last])
    }
}
