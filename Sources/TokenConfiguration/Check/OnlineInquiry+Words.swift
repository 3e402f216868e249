internal import OAuth
internal import Secrets
internal import TokenLedger
internal import TokenWire

/// What is read out of a success.
extension OnlineInquiry {
    /// Seconds of difference between two clocks that nobody need worry about (TIME-03).
    private static let clockTolerance: Int64 = 60

    /// Where the metadata came from, and what time it is there.
    static func place(_ application: String, _ metadata: ServerMetadata) -> [OnlineFinding] {
        guard let source = metadata.source, let issuer = metadata.issuer else {
            guard let absence = metadata.absence else { return [] }
            return [OnlineFinding(application, absence.status == 404 ? .well : .warning, "only its pinned endpoints are used: \(absence.text)")]
        }
        let found = OnlineFinding(application, .well, "'\(source)' answers, and names exactly the issuer '\(issuer)'")
        guard let ahead = metadata.clockAhead, abs(ahead) > clockTolerance else { return [found] }
        let text = "the server's clock is \(abs(ahead)) s \(ahead > 0 ? "ahead of" : "behind") this machine's; set whichever is wrong"
        return [found, OnlineFinding(application, .warning, text)]
    }

    /// A token that was issued: whether callers would get what they ask for.
    static func granted(_ token: TokenSettings, _ asked: [String], _ tokens: IssuedTokens) -> [OnlineFinding] {
        let granted = tokens.separatingScopes(asked: token.scopes).scopes ?? asked
        let name = "\(token.name)"
        let missing = asked.filter { !granted.contains($0) }
        guard missing.isEmpty else {
            let text = "granted \(granted.words), but not \(missing.words): whoever asks for that is refused; allow it in the registration"
            return [OnlineFinding(name, .wrong, text)]
        }
        guard tokens.lifetime != 0 else { return [OnlineFinding(name, .wrong, "granted \(granted.words), but it has expired when it comes")] }
        let life = tokens.lifetime.map { "lives \($0) s" } ?? "the server does not say how long it lives: \(token.assumeLifetime) s are assumed"
        let well = OnlineFinding(name, .well, "granted \(granted.words), \(life)")
        let beyond = granted.filter { !asked.contains($0) }
        guard token.isBounded(by: asked), !beyond.isEmpty else { return [well] }
        let text = "asked for \(asked.words), the server grants \(beyond.words) as well: a rule that allows less is refused such a token"
        return [well, OnlineFinding(name, .warning, text)]
    }

    // MARK: signing in

    /// What a browser would be sent to; the same eyes look at it as at a login.
    func signIn(_ token: TokenSettings, _ settings: SignInSettings, _ metadata: ServerMetadata) -> [OnlineFinding] {
        let name = "\(token.name)"
        let type = settings.responseType
        var findings: [OnlineFinding] = []
        do throws(ExchangeFailure) {
            let nothing = Secret("-")
            let request = AuthorizationRequest(
                clientID: subject.client?.id ?? "-", redirectURI: settings.redirectURIs.first ?? "", scopes: token.scopes,
                responseType: type == .code ? .code : .codeAndIdentity, state: nothing, nonce: nothing, challenge: "-")
            _ = try request.url(at: metadata)
            let endpoint = try metadata.url(of: .authorization)
            let challenge = metadata.challengeMethods.isEmpty ? "PKCE, which the server does not mention" : "PKCE S256"
            findings.append(OnlineFinding(name, .well, "people sign in at '\(endpoint)' with response type \"\(type.rawValue)\" and \(challenge)"))
        } catch {
            return [OnlineFinding(name, error, so: "nobody can sign in")]
        }
        if !metadata.responseTypes.isEmpty,
            !metadata.responseTypes.contains(where: { Set($0.split(separator: " ")) == Set(type.rawValue.split(separator: " ")) })
        {
            findings.append(OnlineFinding(name, .warning, "the server does not list the response type \"\(type.rawValue)\""))
        }
        if type == .codeIDToken, !metadata.responseModes.contains("form_post") {
            findings.append(
                OnlineFinding(
                    name, .warning, "the server does not list the response mode form_post, which \"\(type.rawValue)\" needs; most take it all the same"))
        }
        if !metadata.grantTypes.contains(GrantKind.authorizationCode.rawValue) {
            findings.append(OnlineFinding(name, .warning, "the server does not list the grant authorization_code"))
        }
        return findings
    }

    /// What a sign-out can do at the server.
    func ends(of metadata: ServerMetadata) -> OnlineFinding {
        let place = { (endpoint: ServerMetadata.Endpoint) in (try? metadata.url(of: endpoint)).map { "at '\($0)'" } }
        let revocation = place(.revocation) ?? "not offered, so a sign-out is forgotten here alone"
        let session = place(.endSession) ?? "not offered"
        return OnlineFinding(subject.name, .well, "revocation \(revocation); end of session \(session)")
    }

    /// Endpoints that are named and cannot be used.
    func problems(of endpoints: [ServerMetadata.Endpoint], _ metadata: ServerMetadata) -> [Item] {
        endpoints.filter(metadata.names).compactMap { endpoint in
            do throws(ExchangeFailure) {
                _ = try metadata.url(of: endpoint)
                return nil
            } catch {
                return .finding(OnlineFinding(subject.name, .warning, error.text))
            }
        }
    }
}

extension [String] {
    fileprivate var words: String { isEmpty ? "no scope by name" : joined(separator: " ") }
}
