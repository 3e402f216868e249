package import Secrets

/// The HTTP proxy for all requests of an application. Requests are tunnelled with CONNECT.
package struct ProxySettings: Hashable, Sendable {
    /// `http://host:port`
    package var url: String
    /// For a proxy that requires authentication. Nothing else is sent to it.
    package var login: Login?

    /// A user name without a colon, and its password (RFC 7617, RFC 7616).
    package struct Login: Hashable, Sendable {
        package var user: String
        package var password: Secret

        package init(user: String, password: Secret) {
            self.user = user
            self.password = password
        }
    }

    package init(url: String, login: Login? = nil) {
        self.url = url
        self.login = login
    }
}
