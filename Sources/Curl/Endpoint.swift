internal import CCurl

/// The host and port of a server or proxy URL that tokend may connect to.
struct Endpoint: Equatable {
    enum Kind { case server(plainHTTPOnLoopback: Bool), proxy }

    /// Without brackets and without a trailing dot, as a certificate names it.
    let host: String
    let port: String

    /// `host:port`; an IPv6 address is in brackets.
    var name: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Parses an absolute URL with libcurl's own parser, so that the URL that is checked is the one that libcurl requests.
    init(_ url: String, as kind: Kind) throws(TransferFailure) {
        guard let parts = Parts(url) else { throw Self.refusal(kind, "is not an absolute address") }
        host = parts.bareHost
        port = parts.port
        switch kind {
        case .server(let plainHTTPOnLoopback):
            let plain = parts.scheme == "http" && plainHTTPOnLoopback && Self.loopback.contains(parts.host)
            guard parts.scheme == "https" || plain else { throw Self.refusal(kind, "is not https") }
        case .proxy:
            guard parts.scheme == "http", parts.path == "/" else { throw Self.refusal(kind, "is not http://host:port") }
        }
    }

    /// In libcurl's spelling. libcurl resolves "localhost" itself, but sends "localhost." to the name server.
    private static let loopback = ["127.0.0.1", "[::1]", "localhost"]

    private static func refusal(_ kind: Kind, _ fault: String) -> TransferFailure {
        let what =
            switch kind {
            case .server: "the server's address"
            case .proxy: "the proxy's address"
            }
        return TransferFailure(phase: .unsent, cause: .badURL, text: "\(what) \(fault)")
    }
}

/// The components of a URL. `nil` if it has a user, a password, a fragment, a zone id or a byte that is not visible ASCII.
private struct Parts {
    let scheme: String
    let host: String
    let port: String
    let path: String

    init?(_ url: String) {
        guard url.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\\") }), Self.hasAuthority(url),
            let parsed = curl_url()
        else { return nil }
        defer { curl_url_cleanup(parsed) }
        guard curl_url_set(parsed, CURLUPART_URL, url, UInt32(CURLU_DISALLOW_USER)) == CURLUE_OK,
            Self.part(CURLUPART_FRAGMENT, of: parsed) == nil, Self.part(CURLUPART_ZONEID, of: parsed) == nil,
            let scheme = Self.part(CURLUPART_SCHEME, of: parsed), let host = Self.part(CURLUPART_HOST, of: parsed),
            let port = Self.part(CURLUPART_PORT, of: parsed, UInt32(CURLU_DEFAULT_PORT)),
            let path = Self.part(CURLUPART_PATH, of: parsed)
        else { return nil }
        (self.scheme, self.host, self.port, self.path) = (scheme, host, port, path)
        guard !bareHost.isEmpty else { return nil }
    }

    var bareHost: String {
        if host.hasPrefix("[") { return String(host.dropFirst().dropLast()) }
        return host.hasSuffix(".") ? String(host.dropLast()) : host
    }

    /// libcurl also accepts one slash or three. The host would then not be where a reader expects it.
    private static func hasAuthority(_ url: String) -> Bool {
        let rest = url.drop { $0 != ":" }
        return rest.hasPrefix("://") && !rest.hasPrefix(":///")
    }

    private static func part(_ part: CURLUPart, of url: OpaquePointer, _ flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(url, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
