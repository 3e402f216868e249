package import OAuth
package import Secrets
package import TokenWire

/// Something to be asked of an authorization server that brings no token.
package enum Errand: Sendable {
    /// What the server says about itself.
    case locate
    /// RFC 7009: nobody will use this refresh token any more.
    case revoke(Secret)
    /// A look at a reference token, in the header in which its consumers send it (STAT-03).
    case probe(Secret, ReferenceSettings.Probe.Way, HeaderForm)
}

/// An errand for the exchange, with everything it needs.
package struct ErrandPlan: Sendable {
    /// Names this errand; never used twice in a process.
    package var id: UInt64
    package var token: TokenName
    package var application: Application
    package var errand: Errand
    /// Seconds it may take, discovery included.
    package var timeout: Int

    package init(id: UInt64, token: TokenName, application: Application, errand: Errand, timeout: Int) {
        self.id = id
        self.token = token
        self.application = application
        self.errand = errand
        self.timeout = timeout
    }
}

package struct ErrandReport: Sendable {
    package var id: UInt64
    package var result: ErrandResult

    package init(id: UInt64, result: ErrandResult) {
        self.id = id
        self.result = result
    }
}

package enum ErrandResult: Sendable {
    case located(Result<ServerMetadata, ExchangeFailure>)
    /// Whether the server revoked it, and what it says about itself, as far as it came to that.
    case revoked(RevocationRequest.Outcome, ServerMetadata?)
    case probed(TokenHealth)
}
