internal import Secrets

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

    /// What must not come back in a text, in every form in which it was sent.
    var secrets: [Secret] {
        switch authentication {
        case .none: []
        case .post(let secret), .basic(let secret): [secret, secret.formEncoded, .basicCredentials(id: id, secret: secret)]
        }
    }
}
