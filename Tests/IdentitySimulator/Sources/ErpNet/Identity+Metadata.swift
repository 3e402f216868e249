extension Identity {
    /// The OpenID Connect metadata with the changes of the knobs and `metadataChanges`.
    func metadata(of site: Site) -> JSON {
        var document = documented(site)
        if knobs.optionalMetadata == .on { document = .object(document.members + stock(site).members) }
        document = .object(document.members + knobbed(site).members)
        for (name, value) in metadataChanges.sorted(by: { $0.key < $1.key }) {
            document = value.map { document.setting(name, to: $0) } ?? document.removing(name)
        }
        return document
    }

    private func documented(_ site: Site) -> JSON {
        let scopes = ["openid", "profile", "offline_access", "update"] + (knobs.readInScopes == .on ? ["read"] : [])
        let device = knobs.deviceGrant == .on ? ["urn:ietf:params:oauth:grant-type:device_code"] : []
        let document: JSON = [
            "issuer": .string(statedIssuer(site)),
            "authorization_endpoint": "\(site.issuer)/connect/authorize",
            "token_endpoint": "\(site.issuer)/connect/token",
            "end_session_endpoint": "\(site.issuer)/connect/endsession",
            "jwks_uri": "\(site.issuer)/.well-known/openid-configuration/jwks",
            "response_types_supported": ["code", "token", "id_token", "code id_token"],
            "grant_types_supported": JSON(["authorization_code", "client_credentials", "refresh_token"] + device),
            "scopes_supported": JSON(scopes),
        ]
        return knobs.issuer == .missing ? document.removing("issuer") : document
    }

    /// Members that have a knob of their own.
    private func knobbed(_ site: Site) -> JSON {
        var document: JSON = [:]
        if knobs.revocationEndpoint == .on { document = document.appending("revocation_endpoint", "\(site.issuer)/connect/revocation") }
        if knobs.introspection == .on || knobs.optionalMetadata == .on {
            document = document.appending("introspection_endpoint", "\(site.issuer)/connect/introspect")
        }
        if knobs.deviceGrant == .on || knobs.optionalMetadata == .on {
            document = document.appending("device_authorization_endpoint", "\(site.issuer)/connect/deviceauthorization")
        }
        if knobs.issuerAdvertised == .on { document = document.appending("authorization_response_iss_parameter_supported", true) }
        return document
    }

    private func statedIssuer(_ site: Site) -> String {
        switch knobs.issuer {
        case .exact, .missing: site.issuer
        case .slash: site.issuer + "/"
        case .wrong: "https://other.example/id"
        case .http: "http" + site.issuer.dropFirst("https".count)
        case .upper: site.root + "/ID"
        }
    }

    /// Additional members of IdentityServer.
    private func stock(_ site: Site) -> JSON {
        [
            "userinfo_endpoint": "\(site.issuer)/connect/userinfo",
            "check_session_iframe": "\(site.issuer)/connect/checksession",
            "frontchannel_logout_supported": true,
            "backchannel_logout_supported": true,
            "response_modes_supported": ["form_post", "query", "fragment"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "subject_types_supported": ["public"],
            "code_challenge_methods_supported": ["plain", "S256"],
            "request_parameter_supported": true,
        ]
    }
}
