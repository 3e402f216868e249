internal import Secrets

/// Why an answer brought no token, in the server's own words, as far as they may be shown.
struct OAuthError: CustomStringConvertible {
    /// The `error` of RFC 6749 section 5.2: printable ASCII, 1 to 64 bytes. `nil` where there are words for people alone.
    let code: String?
    /// The words for people: one line, in any script, of at most 200 characters (LOG-05).
    let remark: String?

    /// Bytes; nobody explains an error at greater length.
    private static let longest = 4096

    /// `nil` unless the body is a JSON object with an error or an explanation.
    /// - Parameter secrets: what was sent. A server that sends it back, in whatever member, is not quoted.
    init?(_ body: Secret, redacting secrets: [Secret]) {
        guard case .success(let object) = JSONObject.read(body) else { return nil }
        self.init(object, redacting: secrets)
    }

    init?(_ object: JSONObject, redacting secrets: [Secret]) {
        code = object.errorWord.map { word in
            word.span.count > Self.longest || word.secret.contains(anyOf: secrets) ? "withheld" : word.text.withoutTokens.shown(atMost: 64)
        }
        remark = Self.remark(object, secrets)
        if code == nil, remark == nil { return nil }
    }

    /// `invalid_client` stays without: what a server says about a client secret may hold a part of it, in a form that nobody can look for.
    private static func remark(_ object: JSONObject, _ secrets: [Secret]) -> String? {
        guard object.errorWord?.text != "invalid_client", let words = object.errorExplanation, words.span.count <= longest,
            !words.secret.contains(anyOf: secrets)
        else { return nil }
        let text = words.text.withoutTokens.readable()
        return text.isEmpty ? nil : text
    }

    var description: String {
        let words = remark.map { "('\($0)')" }
        return [code, words].compactMap(\.self).joined(separator: " ")
    }
}

extension JSONObject {
    /// The word for a program. Okta has it as `errorCode`, where it also writes numbers of its own (`E0000011`), which are none.
    fileprivate var errorWord: JSONString? {
        if let word = filled("error") { return word }
        guard let word = filled("errorCode"), word.text.utf8.allSatisfy({ (97...122).contains($0) || $0 == UInt8(ascii: "_") }) else { return nil }
        return word
    }

    /// The sentence for a person: RFC 6749 section 5.2; then Facebook and Google, whose `error` is an object; Okta; RFC 9457 (problem+json); Spring,
    /// AWS and others.
    fileprivate var errorExplanation: JSONString? {
        if let words = filled("error_description") { return words }
        if case .object(let error)? = self["error"], let words = error.filled("message") { return words }
        for name in ["errorSummary", "detail", "message", "error_message", "errorMessage", "title"] {
            if let words = filled(name) { return words }
        }
        return nil
    }

    /// A string member that is not empty.
    private func filled(_ name: String) -> JSONString? {
        guard case .string(let string)? = self[name], !string.isEmpty else { return nil }
        return string
    }
}
