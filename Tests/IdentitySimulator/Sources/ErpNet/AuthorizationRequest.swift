/// A valid authorization request (RFC 6749 section 4.1.1, OpenID Connect Core 3.1.2.1).
package struct AuthorizationRequest: Sendable {
    enum ResponseType: Sendable { case code, codeAndIDToken }
    enum ResponseMode: String, Sendable {
        case query, fragment
        case formPost = "form_post"
    }
    enum Prompt: String, Sendable {
        case none, login, consent
        case selectAccount = "select_account"
    }

    let application: TrustedApplication
    let redirectURI: String
    let responseType: ResponseType
    let responseMode: ResponseMode
    let scopes: [String]
    let state: String?
    let nonce: String?
    /// S256.
    let challenge: String?
    let prompts: Set<Prompt>
    /// `max_age` in seconds.
    let maxAge: Int?
    let loginHint: String?
    /// The parameters as received.
    let form: Form

    /// - Parameters:
    ///   - application: finds an application by its id.
    ///   - anyLoopbackPort: whether the port of a loopback redirect URI may differ from the registered one.
    init(
        _ form: Form, anyLoopbackPort: Bool, application find: (String) -> TrustedApplication?
    ) throws(AuthorizationRefusal) {
        guard form.repeated == nil else { throw .repeatedParameter }
        self.form = form
        application = try Self.application(form, find)
        redirectURI = try Self.redirectURI(form, of: application, anyLoopbackPort: anyLoopbackPort)
        (responseType, responseMode) = try Self.response(form)
        scopes = try Self.scopes(form, ceiling: application.apiScopes, withIDToken: responseType == .codeAndIDToken)
        state = form["state"]
        nonce = try Self.nonce(form, isNeeded: responseType == .codeAndIDToken)
        challenge = try Self.challenge(form, isNeeded: application.clientType == .publicClient)
        prompts = try Self.prompts(form)
        maxAge = form["max_age"].flatMap { Int($0) }
        loginHint = form["login_hint"]
    }

    var wantsPage: Bool { prompts.contains(.login) || prompts.contains(.selectAccount) }

    /// The request after the sign-in, without the parameters that would show the page again.
    var afterSignIn: Form {
        let rest = prompts.filter { $0 != .login && $0 != .selectAccount }.map(\.rawValue).sorted().joined(separator: " ")
        return Form(
            form.fields.compactMap { field in
                guard field.name == "prompt" else { return field.name == "max_age" ? nil : (field.name, field.value) }
                return rest.isEmpty ? nil : ("prompt", rest)
            })
    }

    private static func application(
        _ form: Form, _ find: (String) -> TrustedApplication?
    ) throws(AuthorizationRefusal) -> TrustedApplication {
        guard let id = form["client_id"], !id.isEmpty else { throw .noClient }
        guard id.utf8.count <= 100, let application = find(id), application.isEnabled, application.clientType != .note else {
            throw .unknownClient
        }
        guard application.interactive else { throw .notInteractive }
        return application
    }

    private static func redirectURI(
        _ form: Form, of application: TrustedApplication, anyLoopbackPort: Bool
    ) throws(AuthorizationRefusal) -> String {
        guard let uri = form["redirect_uri"], !uri.isEmpty else { throw .noRedirectURI }
        guard uri.utf8.count <= 400 else { throw .tooLong }
        let wanted = anyLoopbackPort ? withoutLoopbackPort(uri) : uri
        guard application.redirectURIs.contains(where: { (anyLoopbackPort ? withoutLoopbackPort($0) : $0) == wanted }) else {
            throw .unknownRedirectURI
        }
        return uri
    }

    private static func withoutLoopbackPort(_ uri: String) -> String {
        for host in ["http://127.0.0.1:", "http://[::1]:"] where uri.hasPrefix(host) {
            return host + uri.dropFirst(host.count).drop { $0.isNumber }
        }
        return uri
    }

    private static func response(_ form: Form) throws(AuthorizationRefusal) -> (ResponseType, ResponseMode) {
        let type: ResponseType
        switch Set(scopeWords(form["response_type"] ?? "")) {
        case ["code"]: type = .code
        case ["code", "id_token"]: type = .codeAndIDToken
        default: throw .unknownResponseType
        }
        guard let text = form["response_mode"] else { return (type, type == .code ? .query : .fragment) }
        guard let mode = ResponseMode(rawValue: text) else { throw .unknownResponseMode }
        guard type == .code || mode != .query else { throw .queryWithIDToken }
        return (type, mode)
    }

    private static func scopes(
        _ form: Form, ceiling: [String], withIDToken: Bool
    ) throws(AuthorizationRefusal) -> [String] {
        let scopes = scopeWords(form["scope"] ?? "")
        guard !scopes.isEmpty else { throw .noScope }
        guard (form["scope"] ?? "").utf8.count <= 300 else { throw .tooLong }
        guard scopes.allSatisfy({ identityScopes.contains($0) || ceiling.contains($0) }) else { throw .scopeOutsideCeiling }
        guard !withIDToken || scopes.contains("openid") else { throw .noOpenID }
        return scopes
    }

    private static func nonce(_ form: Form, isNeeded: Bool) throws(AuthorizationRefusal) -> String? {
        let nonce = form["nonce"].flatMap { $0.isEmpty ? nil : $0 }
        guard nonce != nil || !isNeeded else { throw .noNonce }
        guard (nonce ?? "").utf8.count <= 300 else { throw .tooLong }
        return nonce
    }

    private static func challenge(_ form: Form, isNeeded: Bool) throws(AuthorizationRefusal) -> String? {
        guard let challenge = form["code_challenge"], !challenge.isEmpty else {
            guard !isNeeded else { throw .noChallenge }
            return nil
        }
        guard (43...128).contains(challenge.utf8.count) else { throw .badChallenge }
        guard form["code_challenge_method"] == "S256" else { throw .plainChallenge }
        return challenge
    }

    /// Unknown values are ignored.
    private static func prompts(_ form: Form) throws(AuthorizationRefusal) -> Set<Prompt> {
        let prompts = Set(scopeWords(form["prompt"] ?? "").compactMap(Prompt.init))
        guard !prompts.contains(.none) || prompts.count == 1 else { throw .promptNoneAndMore }
        return prompts
    }
}
