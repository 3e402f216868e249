internal import Secrets

/// A `key=value` of a request. The value is still percent-encoded and not empty.
struct RequestField {
    let key: RequestKey
    let value: UnsafeRawBufferPointer

    /// The decoded value.
    func text() throws(Refusal) -> String {
        guard let text = PercentEncoding.decode(value) else { throw invalid("must be UTF-8 with %XX escapes") }
        return text
    }

    /// A decimal number in `range`.
    func number<N: FixedWidthInteger>(_ range: ClosedRange<N>, _ demand: String) throws(Refusal) -> N {
        guard value.allSatisfy(\.isDigit), let number = N(String(decoding: value, as: UTF8.self)), range.contains(number)
        else { throw invalid(demand) }
        return number
    }

    /// The maximum waiting time in seconds.
    func wait() throws(Refusal) -> Int {
        try number(0...TokenQuery.longestWait, "must be 0 to \(TokenQuery.longestWait) seconds")
    }

    /// A remaining lifetime in seconds.
    func lifetime() throws(Refusal) -> Int {
        try number(0...TokenQuery.longestLifetime, "must be 0 to \(TokenQuery.longestLifetime) seconds")
    }

    /// A uid or gid.
    func numericID() throws(Refusal) -> UInt32 { try number(0...UInt32.max - 1, "must be a numeric id") }

    /// One scope (RFC 6749 section 3.3 `scope-token`).
    func scope() throws(Refusal) -> String {
        let scope = try text()
        let isToken = scope.utf8.allSatisfy { $0.isPrintable && $0 != .space && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        guard isToken else { throw invalid("must be a single scope (repeat the key for more)") }
        return scope
    }

    /// The sign-in flow: `device` is the only value.
    func flow() throws(Refusal) -> String {
        guard value.matches("device") else { throw invalid("must be \"device\"") }
        return "device"
    }

    /// The only value is `first`: CONFIRM is required for a first sign-in, too.
    func confirmsFirst() throws(Refusal) -> Bool {
        guard value.matches("first") else { throw invalid("must be \"first\"") }
        return true
    }

    func fingerprint() throws(Refusal) -> Fingerprint {
        guard let id = Fingerprint(String(decoding: value, as: UTF8.self)) else {
            // the value may be the token itself, so it is not quoted
            throw .badRequest("id= must be the 16 lower-case hex digits of a token's id, never the token")
        }
        return id
    }

    private func invalid(_ demand: String) -> Refusal {
        .badRequest("\(key.name) \(demand), not \(Quotation.of(value))")
    }
}
