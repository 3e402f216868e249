package import Secrets

/// One HTTP exchange, bounded in time and size: what to send, to whom, and how long it may take.
///
/// The peer's certificate and name are always verified and a redirect is never followed; no property changes that
/// (RFC 6749 section 3.2, RFC 9700 section 4.12).
package struct Transfer: Sendable {
    package enum Method: Sendable {
        case get
        /// `form` is the encoded body, `application/x-www-form-urlencoded`; it is lent to libcurl, never copied into it.
        case post(form: Secret)
    }

    package var method: Method
    /// An absolute `https` address of ASCII characters, without user, password and fragment.
    package var url: String
    /// Sent to the server only, never to a proxy. A value may hold a secret (`Authorization`); no CR, LF or NUL.
    package var headers: [(name: String, value: Secret)] = []
    /// The `Accept` header.
    package var accept = "application/json"

    /// PEM file with the only authorities trusted for this transfer; `nil`: the system's.
    package var caFile: String?
    /// `http://host:port`; tunnelled with CONNECT, so that the proxy never sees the request. `nil`: none, whatever the environment says.
    package var proxy: String?
    /// For a proxy that asks who we are, with Basic or Digest. The user name has no colon, and neither has a NUL.
    package var proxyLogin: ProxyLogin?

    package struct ProxyLogin: Sendable {
        package var user: String
        package var password: Secret

        package init(user: String, password: Secret) {
            self.user = user
            self.password = password
        }
    }

    /// Milliseconds until name lookup, TCP and TLS must be done.
    package var connectTimeout = 10_000
    /// Milliseconds for the whole exchange, counted from `submit`: waiting for a turn to resolve is included.
    package var timeout = 30_000
    /// The most bytes of body that are accepted, after the transfer encoding is taken off.
    package var maximumBody = 1 << 20

    /// Sends on a new connection, and never twice: for a request that spends something (a refresh token, a code). Any other request that is
    /// lost with a kept connection is sent once more at once, on a new one.
    package var freshConnection = false
    /// Accepts `http` to 127.0.0.1, [::1] and localhost, and nowhere else. For tests.
    package var allowPlainHTTPOnLoopback = false
    /// The identity server: transfers of one group share two name lookups at a time.
    package var group: String

    package init(_ method: Method, url: String, group: String) {
        self.method = method
        self.url = url
        self.group = group
    }
}

extension Transfer {
    /// Whether libcurl connects to an address that is written down (RFC 3986 section 3.2.2), so that no name is looked up.
    var connectsToIPAddress: Bool {
        let authority = (proxy ?? url).split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).dropFirst(2).first ?? ""
        if authority.hasPrefix("[") { return true }
        let parts = (authority.split(separator: ":").first ?? "").split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }
}
