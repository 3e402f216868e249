package import Secrets

/// The HTTP proxy that every request of an application goes through, by CONNECT.
package struct ProxySettings: Hashable, Sendable {
    /// `http://host:port`
    package var url: String
    /// For a proxy that asks who we are; nothing else is told to it.
    package var login: Login?

    /// RFC 7617 and RFC 7616: a user name without a colon, and its password.
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
