internal import Codecs
internal import Secrets

/// The error of a response without a token, in the server's words, without parts that must not be shown.
struct OAuthError: CustomStringConvertible {
    /// The `error` of RFC 6749 section 5.2: printable ASCII, 1 to 64 bytes. `nil` if there is only a description.
    let code: String?
    /// The description for people: one line in any script, at most 200 characters (LOG-05).
    let remark: String?

    /// In bytes; longer descriptions are ignored.
    private static let longest = 4096

    /// `nil` unless the body is a JSON object with an error or a description.
    /// - Parameter secrets: the values that were sent. If the server repeats one in any member, that member is not quoted.
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

    /// The description of `invalid_client` is dropped: it may contain a part of the client secret in an unknown encoding.
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
    /// The error code. Okta sends it as `errorCode`, where it also sends numbers of its own (`E0000011`), which are ignored.
    fileprivate var errorWord: JSONString? {
        if let word = filled("error") { return word }
        guard let word = filled("errorCode"), word.text.utf8.allSatisfy({ (97...122).contains($0) || $0 == UInt8(ascii: "_") }) else { return nil }
        return word
    }

    /// The description: RFC 6749 section 5.2; then Facebook and Google, whose `error` is an object; Okta; RFC 9457 (problem+json); Spring, AWS and
    /// others.
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
