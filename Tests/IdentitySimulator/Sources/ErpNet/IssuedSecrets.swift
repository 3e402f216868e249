/// Every secret that this instance gave out, or was shown by its clients, oldest first: for a test that looks for them where they must
/// not be. Nothing but the control socket tells them.
package struct IssuedSecrets: Sendable {
    package enum Kind: String, Sendable {
        case accessToken = "access_token"
        case refreshToken = "refresh_token"
        case identityToken = "id_token"
        case reference = "reference_token"
        case code
        /// What a client made up for one sign-in.
        case state, nonce
        case verifier = "code_verifier"
    }

    package struct Entry: Sendable {
        let kind: Kind
        let value: String
        /// Unix seconds, where its own end is all that counts.
        let expiry: Int?
    }

    package private(set) var entries: [Entry] = []
    private var known: Set<String> = []

    package init() {}

    /// Notes a secret once.
    package mutating func note(_ kind: Kind, _ value: String?, until expiry: Int? = nil) {
        guard let value, known.insert(value).inserted else { return }
        entries.append(Entry(kind: kind, value: value, expiry: expiry))
    }
}

extension Identity {
    /// `secrets`: each with its kind, and whether it is still good; what is only good together with something else is null there.
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

    /// What passes through the token endpoint.
    mutating func noteSecrets(of request: Request, _ reply: Reply, now: Int) {
        guard request.route == .token, reply.status == 200 else { return }
        issued.note(.accessToken, reply.accessToken, until: now + knobs.accessTTL)
        issued.note(.refreshToken, reply.refreshToken)
        issued.note(.identityToken, reply.identityToken, until: now + knobs.idTokenTTL)
        issued.note(.verifier, request.form?["code_verifier"])
    }
}
