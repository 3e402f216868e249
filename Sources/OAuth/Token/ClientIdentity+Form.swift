package import Secrets

extension ClientIdentity {
    /// Proves who asks: in the body, or in the header it returns, never in both (RFC 6749 section 2.3).
    func authenticate(_ form: FormBody) -> [(name: String, value: Secret)] {
        switch authentication {
        case .none:
            form.add("client_id", id)
        case .post(let secret):
            form.add("client_id", id)
            form.add("client_secret", secret)
        case .basic(let secret):
            return [("Authorization", .basicCredentials(id: id, secret: secret))]
        }
        return []
    }

    /// Why a server may refuse this client although it knows it: many do not undo the form-encoding that Basic prescribes (RFC 6749 section 2.3.1).
    /// `nil` where there is nothing to undo.
    var basicEncodingHint: String? {
        guard case .basic(let secret) = authentication, secret.formEncoded != secret || Secret(id).formEncoded != Secret(id) else { return nil }
        return "perhaps because it does not undo the form-encoding of the id and the secret in Basic; use authentication = \"client_secret_post\", "
            + "or a secret of letters and digits"
    }

    /// What must not come back in a text, in every form in which it was sent.
    package var secrets: [Secret] {
        switch authentication {
        case .none: []
        case .post(let secret), .basic(let secret): [secret, secret.formEncoded, .basicCredentials(id: id, secret: secret)]
        }
    }
}
