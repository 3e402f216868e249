package import Secrets

/// A sign-in that waits for its authorization response, with the values that the response must match.
package struct PendingAuthorization: Sendable {
    package var state: Secret
    package var redirectURI: String
    package var responseType: AuthorizationRequest.ResponseType
    /// The expected issuer. `nil` if none is configured and nothing was discovered.
    package var issuer: String?
    /// The metadata say that every response contains `iss`.
    package var mustNameIssuer: Bool

    package init(_ request: AuthorizationRequest, to metadata: ServerMetadata) {
        state = request.state
        redirectURI = request.redirectURI
        responseType = request.responseType
        issuer = metadata.issuer
        mustNameIssuer = metadata.namesIssuerInResponses
    }

    /// The meaning of a response for this sign-in.
    package enum Evaluation: Sendable {
        /// The code to redeem. There is an ID token if and only if one was requested. It must be verified first (HYB-04).
        case granted(code: Secret, idToken: Secret?)
        /// The response belongs to another sign-in, and this one stays pending: any process can connect to the redirect URI. One line.
        case stray(String)
        /// This sign-in has ended.
        case ended(ExchangeFailure)
    }

    /// Checks `state`, then `iss`, and then the result.
    ///
    /// An `iss` (RFC 9207) that is not exactly the issuer ends the sign-in. So does a missing `iss` if the metadata promise it, unless an ID token
    /// comes with the code (servers built on Authlib omit `iss` from a posted form). An `iss` that was not promised is accepted if it is correct: a
    /// server may send it before its metadata say so.
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
            // An error contains nothing that could belong to another sign-in, and ends this one anyway, so its own reason is reported. An ID token
            // that comes with the code names the issuer, and is verified before the code is used.
            let isProven = responseType == .codeAndIdentity && response.idToken != nil
            guard !mustNameIssuer || isProven || response.error != nil else {
                throw .configuration("the answer does not name its issuer, as the server promised; sign in again")
            }
            return
        }
        guard let issuer else { throw .configuration("the answer names an issuer, and none is configured; write it as 'issuer'") }
        guard named == Secret(issuer) else {
            throw .configuration("the answer is from '\(named.text.shown())', not from '\(issuer.shown())'; it was not used")
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

    /// For values that are not secret.
    var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}
