extension TrustedApplication {
    /// Sets an attribute by its ERP.net name. `secret` takes the plain secret and stores its hash. An empty value removes a secret or a System User.
    package mutating func set(_ attribute: String, to value: String) throws(ControlError) {
        switch attribute {
        case "ClientType": clientType = try choice(value, of: attribute)
        case "secret": applicationSecretHash = value.isEmpty ? nil : Self.hash(ofSecret: value)
        case "ApplicationSecretHash": applicationSecretHash = value.isEmpty ? nil : value
        case "ImpersonateLoginUrl": impersonateLoginUrl = value
        case "ImpersonateLogoutUrl": impersonateLogoutUrl = value
        case "ImpersonateAsInternalUserAllowed": impersonateAsInternalUserAllowed = try flag(value, of: attribute)
        case "ImpersonateAsCommunityUserAllowed": impersonateAsCommunityUserAllowed = try flag(value, of: attribute)
        case "SystemUserAllowed": systemUserAllowed = try flag(value, of: attribute)
        case "SystemUser": systemUser = value.isEmpty ? nil : value
        case "Scope": scope = value
        case "AccessTokens": accessTokens = try choice(value, of: attribute)
        case "BasicAuthenticationAllowed": basicAuthenticationAllowed = try flag(value, of: attribute)
        case "IsEnabled": isEnabled = try flag(value, of: attribute)
        default: throw ControlError("no attribute \"\(attribute)\"; \"app ID\" shows them all")
        }
    }

    /// All attributes. Of the secret only whether there is one.
    package var attributes: JSON {
        [
            "ApplicationUri": .string(applicationUri),
            "ClientType": .string(clientType.rawValue),
            "HasSecret": .boolean(applicationSecretHash != nil),
            "ImpersonateLoginUrl": .string(impersonateLoginUrl),
            "ImpersonateLogoutUrl": .string(impersonateLogoutUrl),
            "ImpersonateAsInternalUserAllowed": .boolean(impersonateAsInternalUserAllowed),
            "ImpersonateAsCommunityUserAllowed": .boolean(impersonateAsCommunityUserAllowed),
            "SystemUserAllowed": .boolean(systemUserAllowed),
            "SystemUser": systemUser.map { .string($0) } ?? .null,
            "Scope": .string(scope),
            "AccessTokens": .string(accessTokens.rawValue),
            "BasicAuthenticationAllowed": .boolean(basicAuthenticationAllowed),
            "IsEnabled": .boolean(isEnabled),
        ]
    }

    private func flag(_ value: String, of attribute: String) throws(ControlError) -> Bool {
        guard let flag = Bool(value) else { throw ControlError("\"\(attribute)\" is true or false, not \"\(value)\"") }
        return flag
    }

    private func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ value: String, of attribute: String
    ) throws(ControlError) -> Value {
        guard let choice = Value(rawValue: value) else {
            let choices = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw ControlError("\"\(attribute)\" is one of \(choices), not \"\(value)\"")
        }
        return choice
    }
}
