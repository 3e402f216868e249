package import Secrets

extension ClientIdentity {
    /// Authenticates the client in the body, or in the returned header, never in both (RFC 6749 section 2.3).
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

    /// Why a server may reject the credentials of a client that it knows: many servers do not decode the form encoding that Basic requires (RFC 6749
    /// section 2.3.1). `nil` if the encoding changes nothing.
    var basicEncodingHint: String? {
        guard case .basic(let secret) = authentication, secret.formEncoded != secret || Secret(id).formEncoded != Secret(id) else { return nil }
        return "perhaps because it does not undo the form-encoding of the id and the secret in Basic; use authentication = \"client_secret_post\", "
            + "or a secret of letters and digits"
    }

    /// The secret in every form in which it is sent. None of them may appear in a text.
    package var secrets: [Secret] {
        switch authentication {
        case .none: []
        case .post(let secret), .basic(let secret): [secret, secret.formEncoded, .basicCredentials(id: id, secret: secret)]
        }
    }
}
