package import Secrets

/// One HTTP request, with limits for its duration and the size of its response.
///
/// The certificate and the host name of the peer are always verified, and a redirect is never followed. No property changes that (RFC 6749 section
/// 3.2, RFC 9700 section 4.12).
package struct Transfer: Sendable {
    package enum Method: Sendable {
        case get
        /// `form` is the encoded body, `application/x-www-form-urlencoded`. libcurl borrows it and does not copy it.
        case post(form: Secret)
    }

    package var method: Method
    /// An absolute `https` URL of ASCII characters, without user, password and fragment.
    package var url: String
    /// Sent to the server only, never to a proxy. A value may be secret (`Authorization`). No CR, LF or NUL.
    package var headers: [(name: String, value: Secret)] = []
    /// The `Accept` header.
    package var accept = "application/json"

    /// A PEM file with the only CA certificates to trust for this transfer. `nil`: those of the system.
    package var caFile: String?
    /// `http://host:port`. The request is tunnelled with CONNECT, so the proxy cannot read it. `nil`: no proxy, whatever the environment says.
    package var proxy: String?
    /// The login for a proxy that requires Basic or Digest authentication. The user name has no colon, and neither part has a NUL.
    package var proxyLogin: ProxyLogin?

    package struct ProxyLogin: Sendable {
        package var user: String
        package var password: Secret

        package init(user: String, password: Secret) {
            self.user = user
            self.password = password
        }
    }

    /// The timeout in milliseconds for name lookup, TCP connection and TLS handshake.
    package var connectTimeout = 10_000
    /// The timeout in milliseconds for the whole transfer, counted from `submit`. It includes the wait for a slot to resolve the name.
    package var timeout = 30_000
    /// The maximum size of the body in bytes, after the transfer coding is removed.
    package var maximumBody = 1 << 20

    /// Sends the request on a new connection and never twice: for a request that consumes a refresh token or a code. Any other request that is lost
    /// on a reused connection is immediately sent once more on a new one.
    package var freshConnection = false
    /// Also accepts `http` to 127.0.0.1, [::1] and localhost. For tests.
    package var allowPlainHTTPOnLoopback = false
    /// The identity server. The transfers of one group share two concurrent name lookups.
    package var group: String

    package init(_ method: Method, url: String, group: String) {
        self.method = method
        self.url = url
        self.group = group
    }
}

extension Transfer {
    /// Whether libcurl connects to an IP address literal (RFC 3986 section 3.2.2), so that no name is resolved.
    var connectsToIPAddress: Bool {
        let authority = (proxy ?? url).split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).dropFirst(2).first ?? ""
        if authority.hasPrefix("[") { return true }
        let parts = (authority.split(separator: ":").first ?? "").split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }
}
