package import Secrets

/// A sign-in that waits for its answer: what was asked, as far as the answer must fit it.
package struct PendingAuthorization: Sendable {
    package var state: Secret
    package var redirectURI: String
    package var responseType: AuthorizationRequest.ResponseType
    /// The issuer that was asked; `nil` where the configuration names none and nothing was discovered.
    package var issuer: String?
    /// The server has said that it always names itself in its answers.
    package var mustNameIssuer: Bool

    package init(_ request: AuthorizationRequest, to metadata: ServerMetadata) {
        state = request.state
        redirectURI = request.redirectURI
        responseType = request.responseType
        issuer = metadata.issuer
        mustNameIssuer = metadata.namesIssuerInResponses
    }

    /// What an answer means to this sign-in.
    package enum Evaluation: Sendable {
        /// The code to redeem. An ID token came beside it exactly when one was asked for, and is to be checked first (HYB-04).
        case granted(code: Secret, idToken: Secret?)
        /// Not an answer to this sign-in, which goes on waiting: any process can reach the address it came to. One calm line.
        case stray(String)
        /// This sign-in is over.
        case ended(ExchangeFailure)
    }

    /// `state` before anything else, then `iss`, and only then what the answer says.
    ///
    /// An `iss` (RFC 9207) that is not exactly the issuer ends the sign-in, as does a code without one where the server promised it, unless an ID
    /// token is beside the code (servers built on Authlib leave `iss` out of a posted form). One that was never promised is taken if it is right: a server may send it before it says so, and then it proves as much.
    package func judge(_ response: AuthorizationResponse) -> Evaluation {
        if let address = response.address, address != Secret(redirectURI).upToQuery {
            return .stray("the address is not the one that this sign-in goes back to; copy the whole address that the browser came to")
        }
        guard let state = response.state else { return .stray("the answer has no state; copy the whole address that the browser came to") }
        guard state == self.state else { return .stray("the state of the answer is not that of this sign-in") }
        do throws(ExchangeFailure) {
            try checkIssuer(of: response)
            return try read(response)
        } catch {
            return .ended(error)
        }
    }

    private func checkIssuer(of response: AuthorizationResponse) throws(ExchangeFailure) {
        guard let named = response.issuer else {
            // an error brings nothing that could be somebody else's, and the sign-in ends either way: better for its own reason;
            // an ID token beside the code names the issuer, and is verified before the code is used
            let isProven = responseType == .codeAndIdentity && response.idToken != nil
            guard !mustNameIssuer || isProven || response.error != nil else {
                throw .configuration("the answer does not name its issuer, as the server promised; sign in again")
            }
            return
        }
        guard let issuer else { throw .configuration("the answer names an issuer, and the configuration none; write it as 'issuer'") }
        guard named == Secret(issuer) else {
            throw .configuration("the answer is from '\(named.text.shown())', not from '\(issuer.shown())'; nothing of it was used")
        }
    }

    private func read(_ response: AuthorizationResponse) throws(ExchangeFailure) -> Evaluation {
        if let problem = response.problem { throw .configuration("the answer \(problem); sign in again") }
        if let error = response.error { throw .signIn(AuthorizationError(error, remark: response.remark, redacting: [state])) }
        guard let code = response.code else { throw .configuration("the answer has neither a code nor an error; sign in again") }
        switch responseType {
        case .code:
            return .granted(code: code, idToken: nil)
        case .codeAndIdentity:
            guard let idToken = response.idToken else {
                throw .configuration("the answer has no id_token beside its code, though one was asked for; the code was not used")
            }
            return .granted(code: code, idToken: idToken)
        }
    }
}

extension Secret {
    fileprivate var upToQuery: Secret {
        withBytes { $0.firstIndex(of: UInt8(ascii: "?")) }.map { self[0..<$0] } ?? self
    }

    /// For what is no secret in itself.
    var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}
