internal import OAuth
internal import Secrets
internal import TokenLedger

/// Who an application is to its server: the `[client]` table.
struct ClientReader {
    /// What was found. The identity is missing when something was wrong, or its credential was passed over.
    struct Client {
        var identity: ClientIdentity?
        /// Whether the client proves itself at all; `nil` if that cannot be told.
        var proves: Bool?
    }

    /// The names of RFC 7591 section 2 and RFC 8705.
    private enum Method: String, CaseIterable {
        case nothing = "none"
        case post = "client_secret_post"
        case basic = "client_secret_basic"
        case secretJWT = "client_secret_jwt"
        case keyJWT = "private_key_jwt"
        case certificate = "tls_client_auth"
        case ownCertificate = "self_signed_tls_client_auth"
    }

    let secrets: SecretReader

    func read(_ application: TableReader) -> Client {
        guard let node = application.node("client") else {
            if Self.isDispensable(in: application) { return Client(identity: ClientIdentity(id: "", authentication: .none), proves: false) }
            application.problems.error("is missing; add a [client] table with its id", at: application.place.below("client"))
            return Client()
        }
        guard let table = TableReader(node, application.problems) else { return Client() }
        let id = table.required("id", "write the client id that the server knows", identifier)
        let hasSecret = table.node("secret") != nil
        let method = method(table, hasSecret: hasSecret)
        let secret = secrets.read("secret", of: table, ifWritten: "change the secret")
        let audiences = table.list("id_token_audiences", of: audience)
        table.finish()
        var identity = identity(id, method, secret)
        identity?.otherAudiences = Set(audiences ?? [])
        return Client(identity: identity, proves: method.map { $0 != .nothing })
    }

    /// Whether all tokens are ones that somebody else made: no server is asked for them, so nobody need be known to it.
    private static func isDispensable(in application: TableReader) -> Bool {
        guard case .table(let tokens) = application.node("token")?.content, !tokens.isEmpty else { return false }
        return tokens.values.allSatisfy { token in
            guard case .table(let entries) = token.content, case .string(let grant) = entries["grant"]?.content else { return false }
            return grant == GrantKind.reference.rawValue
        }
    }

    private func identity(_ id: String?, _ method: Method?, _ secret: Secret?) -> ClientIdentity? {
        guard let id, let method else { return nil }
        switch method {
        case .nothing: return ClientIdentity(id: id, authentication: .none)
        case .post: return secret.map { ClientIdentity(id: id, authentication: .post($0)) }
        case .basic: return secret.map { ClientIdentity(id: id, authentication: .basic($0)) }
        case .secretJWT, .keyJWT, .certificate, .ownCertificate: return nil
        }
    }

    /// A client with a secret sends it, in the body unless it is said otherwise: ERP.net wants it there.
    private func method(_ table: TableReader, hasSecret: Bool) -> Method? {
        guard table.node("authentication") != nil else { return hasSecret ? .post : .nothing }
        let place = table.node("authentication")?.place ?? table.place
        guard let method = table.value("authentication", { (node) throws(Complaint) in try node.choice(of: Method.self) }) else { return nil }
        switch method {
        case .nothing:
            if hasSecret { table.problems.error("\"none\" sends no secret, yet there is one; remove one of the two", at: place) }
        case .post, .basic:
            if !hasSecret { table.problems.error("\(quoted(method.rawValue)) needs a secret; \(SecretReader.forms("secret"))", at: place) }
        case .secretJWT, .keyJWT, .certificate, .ownCertificate:
            let supported = alternatives([Method.post, .basic, .nothing].map(\.rawValue))
            table.problems.error("\(quoted(method.rawValue)) is not supported by this version; use \(supported)", at: place)
        }
        return method
    }

    /// A StringOrURI of RFC 7519 section 2, as one word.
    private func audience(_ node: ConfigurationNode) throws(Complaint) -> String {
        let text = try node.text()
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw Complaint("must be printable ASCII without blanks") }
        return text
    }

    /// RFC 6749 appendix A.1.
    private func identifier(_ node: ConfigurationNode) throws(Complaint) -> String {
        let id = try node.text()
        guard id.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else { throw Complaint("must be printable ASCII") }
        return id
    }
}
