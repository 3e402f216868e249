/// A preregistered application of every new instance, with its plain secret.
package struct DemoClient: Sendable {
    /// Its use in tests: `machine`, `tricky`, …
    package let role: String
    package let secret: String?
    package let application: TrustedApplication

    private init(_ role: String, _ id: String, secret: String?, _ shape: (inout TrustedApplication) -> Void) {
        var application = TrustedApplication(applicationUri: id)
        application.applicationSecretHash = secret.map(TrustedApplication.hash(ofSecret:))
        shape(&application)
        self.role = role
        self.secret = secret
        self.application = application
    }

    /// The application with additional redirect URIs if it is interactive.
    package func application(adding redirectURIs: [String]) -> TrustedApplication {
        guard application.interactive else { return application }
        var application = application
        application.impersonateLoginUrl = ([application.impersonateLoginUrl] + redirectURIs).joined(separator: ",")
        return application
    }

    package static let all: [DemoClient] = [
        DemoClient("machine", "demo.app/sync", secret: "sync-secret-0123456789abcdef") {
            $0.runsAsSystemUser(scope: "read update")
            $0.accessTokens = .administratorsOnly
        },
        DemoClient("tricky", "demo.app/tricky", secret: "s3cr:et +/%26=&?") { $0.runsAsSystemUser(scope: "read update") },
        DemoClient("reader", "demo.app/reader", secret: "reader-secret-0123456789") { $0.runsAsSystemUser(scope: "read") },
        DemoClient("second", "demo.app/report", secret: "report-secret-0123456789") { $0.runsAsSystemUser(scope: "read update") },
        DemoClient("no-system-user", "demo.app/people", secret: "people-secret-0123456789") {
            $0.signsPeopleIn(scope: "read update")
            $0.systemUser = "svc.sync"
        },
        DemoClient("orphan", "demo.app/orphan", secret: "orphan-secret-0123456789") {
            $0.runsAsSystemUser(scope: "read")
            $0.systemUser = nil
        },
        DemoClient("disabled", "demo.app/disabled", secret: "disabled-secret-01234567") {
            $0.runsAsSystemUser(scope: "read update")
            $0.isEnabled = false
        },
        DemoClient("portal", "demo.app/portal", secret: "portal-secret-0123456789") {
            $0.signsPeopleIn(scope: "read update")
            $0.runsAsSystemUser(scope: "read update")
            $0.accessTokens = .authenticatedUsers
        },
        DemoClient("native", "demo.app/native", secret: nil) {
            $0.clientType = .publicClient
            $0.signsPeopleIn(scope: "read")
        },
        DemoClient("note", "demo.app/note", secret: nil) { $0.clientType = .note },
    ]
}

extension TrustedApplication {
    fileprivate mutating func runsAsSystemUser(scope: String) {
        self.scope = scope
        systemUserAllowed = true
        systemUser = "svc.sync"
    }

    fileprivate mutating func signsPeopleIn(scope: String) {
        self.scope = scope
        impersonateAsInternalUserAllowed = true
        impersonateLoginUrl = "http://127.0.0.1:53177/callback"
        impersonateLogoutUrl = "http://127.0.0.1:53177/bye"
    }
}
