extension Identity {
    /// The token endpoint: authenticates the client, then handles the grant.
    mutating func token(_ request: Request, now: Int) -> Reply {
        do {
            let form = try tokenForm(request)
            let application = try authenticate(PresentedClient(request, form: form))
            let reply = try grant(form, to: application, site: request.site, now: now).notStored()
            counters.add("token-grants", client: application.applicationUri)
            return reply
        } catch let refusal as TokenRefusal {
            count(refusal, request)
            return refusal.reply(knobs)
        } catch {
            return .page("500 Internal Server Error", status: 500)
        }
    }

    func tokenForm(_ request: Request) throws(TokenRefusal) -> Form {
        guard request.method == "POST" else { throw .notPost }
        guard request.isForm else { throw .notForm }
        guard let form = request.form else { throw .malformedForm }
        guard form.repeated == nil else { throw .repeatedField }
        return form
    }

    func authenticate(_ client: PresentedClient) throws(TokenRefusal) -> TrustedApplication {
        guard client.isWithinLimits, let application = application(client.id) else { throw .unknownClient }
        guard application.isEnabled else { throw .disabledClient }
        switch application.clientType {
        case .note: throw .noteClient
        case .publicClient:
            guard client.secret == nil || knobs.publicSecret == .ignore else { throw .secretFromPublicClient }
        case .confidential:
            guard let secret = client.secret, !secret.isEmpty else { throw .missingSecret }
            guard application.accepts(secret: secret) else { throw .wrongSecret }
        }
        return application
    }

    private mutating func grant(_ form: Form, to application: TrustedApplication, site: Site, now: Int) throws -> Reply {
        switch form["grant_type"] {
        case nil, "": throw TokenRefusal.missingGrantType
        case "client_credentials":
            try serviceGrant(form, to: application, site: site, now: now)
        case "authorization_code": try codeGrant(form, to: application, site: site, now: now)
        case "refresh_token": try refreshGrant(form, to: application, site: site, now: now)
        case "urn:ietf:params:oauth:grant-type:device_code": try deviceGrant(form, to: application, site: site, now: now)
        default: throw TokenRefusal.unknownGrantType
        }
    }

    private mutating func count(_ refusal: TokenRefusal, _ request: Request) {
        let client = registeredClient(of: request)
        counters.add("token-refusals", client: client)
        switch request.form?["grant_type"] {
        case "authorization_code": counters.add("code-refusals", client: client)
        case "refresh_token": counters.add("refresh-refusals", client: client)
        default: break
        }
    }
}
