/// Where the identity server sends the browser back to: `http://127.0.0.1:53177/callback`.
///
/// Only addresses that never leave this machine can be listened at (RFC 8252 section 7.3).
struct LoopbackAddress {
    enum Host: String {
        case four = "127.0.0.1"
        case six = "[::1]"
        /// A name that browsers look up as either.
        case both = "localhost"
    }

    let text: String
    let host: Host
    let port: UInt16
    let path: String

    /// `nil` unless it is `http`, a loopback host, and perhaps a port and a path.
    init?(_ text: String) {
        guard text.hasPrefix("http://") else { return nil }
        let rest = text.dropFirst("http://".count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let path = rest.dropFirst(authority.count).prefix { $0 != "?" && $0 != "#" }
        let (name, port) = LoopbackAddress.split(authority)
        guard let host = Host(rawValue: name.lowercased()), let port, port > 0 else { return nil }
        self.text = text
        self.host = host
        self.port = port
        self.path = path.isEmpty ? "/" : String(path)
    }

    /// Whether a `Host` header means this address. A page of another name that resolves to 127.0.0.1 sends its own name.
    func isNamed(by header: String) -> Bool {
        let named = header.lowercased()
        return named == "\(host.rawValue):\(port)" || port == 80 && named == host.rawValue
    }

    /// Where the browser is sent on to, so that the code stays out of its address bar and history.
    var donePath: String { path == "/done" ? "/done/" : "/done" }

    private static func split(_ authority: Substring) -> (name: Substring, port: UInt16?) {
        guard let colon = authority.lastIndex(of: ":"), authority.last != "]" else { return (authority, 80) }
        let digits = authority[authority.index(after: colon)...]
        return (authority[..<colon], digits.utf8.allSatisfy { (48...57).contains($0) } ? UInt16(digits) : nil)
    }
}
