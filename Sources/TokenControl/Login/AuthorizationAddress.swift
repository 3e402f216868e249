internal import Secrets

/// The address where the person signs in, as the daemon made it, and what it says about the way back.
struct AuthorizationAddress {
    let text: String
    /// Where the browser will be sent; `nil` when the address does not say (a pushed request, RFC 9126).
    let redirectURI: String?
    /// Whether the answer comes as a form that the browser posts; else it is a query.
    let isForm: Bool
    /// What an answer to this sign-in must carry.
    let state: Secret?

    /// `nil` unless it is a web address: the text is handed to a program that opens files, too.
    init?(_ text: String) {
        guard text.hasPrefix("https://") || text.hasPrefix("http://"), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        var query = String(text.drop { $0 != "?" }.dropFirst().prefix { $0 != "#" })
        self.text = text
        (redirectURI, isForm, state) = query.withUTF8 { bytes in
            let fields = FormFields(UnsafeRawBufferPointer(bytes))
            return (fields.only("redirect_uri")?.text, fields.only("response_mode")?.text == "form_post", fields.only("state"))
        }
    }
}

extension Secret {
    /// As text, for what turned out to be no secret.
    fileprivate var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}
