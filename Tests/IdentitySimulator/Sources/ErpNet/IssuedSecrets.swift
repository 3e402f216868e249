/// All secrets that this instance issued or received from its clients, oldest first. A test searches for them where they must not appear. Only the
/// control socket returns them.
package struct IssuedSecrets: Sendable {
    package enum Kind: String, Sendable {
        case accessToken = "access_token"
        case refreshToken = "refresh_token"
        case identityToken = "id_token"
        case reference = "reference_token"
        case code
        /// A value that a client generated for one sign-in.
        case state, nonce
        case verifier = "code_verifier"
    }

    package struct Entry: Sendable {
        let kind: Kind
        let value: String
        /// In seconds since the epoch, if only its own end matters.
        let expiry: Int?
    }

    package private(set) var entries: [Entry] = []
    private var known: Set<String> = []

    package init() {}

    /// Adds a secret once.
    package mutating func note(_ kind: Kind, _ value: String?, until expiry: Int? = nil) {
        guard let value, known.insert(value).inserted else { return }
        entries.append(Entry(kind: kind, value: value, expiry: expiry))
    }
}

extension Identity {
    /// `secrets`: each with its kind and whether it is valid, or null if it is valid only together with another value.
    func secretsVerb(_ line: ControlLine, now: Int) throws(ControlError) -> JSON {
        try line.allowOptions()
        return ["secrets": .array(issued.entries.map { json($0, now: now) })]
    }

    private func json(_ entry: IssuedSecrets.Entry, now: Int) -> JSON {
        let isGood: Bool? =
            switch entry.kind {
            case .accessToken, .identityToken: entry.expiry.map { now < $0 }
            case .refreshToken: grants.accepts(entry.value, now: now)
            case .reference: references.entry(entry.value)?.isGood(now: now)
            case .code: codes.isWaiting(entry.value)
            case .state, .nonce, .verifier: nil
            }
        return [
            "kind": .string(entry.kind.rawValue), "value": .string(entry.value), "live": isGood.map { .boolean($0) } ?? .null,
        ]
    }

    /// The secrets in requests and responses of the token endpoint.
    mutating func noteSecrets(of request: Request, _ reply: Reply, now: Int) {
        guard request.route == .token, reply.status == 200 else { return }
        issued.note(.accessToken, reply.accessToken, until: now + knobs.accessTTL)
        issued.note(.refreshToken, reply.refreshToken)
        issued.note(.identityToken, reply.identityToken, until: now + knobs.idTokenTTL)
        issued.note(.verifier, request.form?["code_verifier"])
    }
}
