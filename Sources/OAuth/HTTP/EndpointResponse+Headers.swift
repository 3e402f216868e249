extension EndpointResponse {
    /// The seconds of `Retry-After`, a number or a date, limited to 1 s to 1 h; `nil` if it is missing or not readable (ERR-03). A date is compared
    /// with the server's own `Date` if there is one, because the two clocks may differ.
    /// - Parameter now: the wall clock in seconds.
    func retryDelay(now: Int64) -> Int? {
        guard let text = retryAfter?.trimmed, !text.isEmpty else { return nil }
        if text.utf8.allSatisfy({ (48...57).contains($0) }) { return Self.clamped(Int64(text) ?? .max) }
        guard let until = HTTPDate.seconds(of: text, now: now) else { return nil }
        let from = date.flatMap { HTTPDate.seconds(of: $0.trimmed, now: now) } ?? now
        return Self.clamped(until - from)
    }

    private static func clamped(_ seconds: Int64) -> Int { Int(min(max(seconds, 1), 3600)) }

    /// `max-age` in seconds. 0 for `no-store` and `no-cache`; `nil` if there is none (RFC 9111 section 5.2.2).
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
    /// For a response that is not a success.
    /// - Parameters:
    ///   - now: the wall clock in seconds, for a `Retry-After` that is a date.
    ///   - text: the operation and its result.
    init(_ response: EndpointResponse, _ error: OAuthError?, to sent: Sent, now: Int64, text: String) {
        self.init(
            law: Law(status: response.status, error: error?.code, to: sent, retryAfter: response.retryDelay(now: now)),
            reach: Reach(status: response.status, error: error?.code), oauthError: error?.code, status: response.status, text: text)
    }
}

extension String {
    /// Without leading and trailing spaces and tabs.
    var trimmed: String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(self[first...last])
    }
}
