internal import OAuth
internal import TokenLedger

/// Where the browser brings an answer, as registered: an exact absolute URI.
struct RedirectURI {
    let text: String
    /// Why `tokenctl` cannot listen there, so that the answer must be pasted; `nil` if it can.
    let whyPasted: String?
    /// LOOP-01: by name instead of by address.
    let isLocalhost: Bool

    static let example = "\"http://127.0.0.1:53177/callback\""

    /// The text itself is not repeated: a user name in it could come with a password.
    init(_ text: String) throws(Complaint) {
        let scheme = String(text.prefix { $0 != ":" }).lowercased()
        guard ["http", "https"].contains(scheme), text.dropFirst(scheme.count).hasPrefix("://") else {
            throw Complaint("must be an absolute http or https address such as \(Self.example); a scheme of a program's own is not supported")
        }
        let rest = text.dropFirst(scheme.count + "://".count)
        let url = try Self.parsed("https://" + rest)
        self.text = text
        isLocalhost = url.host == "localhost"
        switch scheme {
        case "http":
            try Self.mustBeLoopback(url, hasPort: rest.dropFirst(url.host.count).hasPrefix(":"))
            whyPasted = url.port < Self.lowestPort ? "a person's programs may not listen below port \(Self.lowestPort)" : nil
        default:
            whyPasted = "tokenctl cannot listen at an https address"
        }
    }

    /// As strict about characters, host and port as about any address of ours.
    private static func parsed(_ text: String) throws(Complaint) -> HTTPSURL {
        do {
            return try HTTPSURL(text, allowsQuery: true)
        } catch {
            throw Complaint("\(error); write it as it is registered, such as \(example)")
        }
    }

    /// LOOP-13: a code must not cross a network in the clear (RFC 8252 section 8.3).
    private static func mustBeLoopback(_ url: HTTPSURL, hasPort: Bool) throws(Complaint) {
        guard ["127.0.0.1", "[::1]", "localhost"].contains(url.host) else {
            throw Complaint("http is for this machine alone (127.0.0.1 or [::1]), or others could read the code; write an address such as \(example)")
        }
        guard hasPort else {
            throw Complaint(
                "has no port; register a fixed one from \(lowestPort) to 65535, such as \(example): "
                    + "tokenctl listens there, and servers compare the address to the letter")
        }
    }

    private static let lowestPort = 1024
}
