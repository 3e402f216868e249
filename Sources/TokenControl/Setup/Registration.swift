internal import Secrets
internal import TokenWire

/// A client registration and one token of it, as apps.d/NAME.toml is to say it.
struct Registration {
    enum Server {
        case erpnet(String)
        case issuer(String)
    }

    enum Grant {
        /// The application itself.
        case service
        /// A person who signs in.
        case person(redirectURI: String)
    }

    enum Peer {
        case unit(String), user(String), group(String)
    }

    /// Where the daemon finds the client's secret.
    enum SecretPlace {
        case credential(String), file(String), none
    }

    var name: TokenName
    var server: Server
    var caFile: String?
    var clientID: String
    /// `nil` leaves it to the daemon: client_secret_post, or none without a secret.
    var authentication: String?
    var grant: Grant
    var scopes: [String]
    var allowed: [Peer]
    var isShared: Bool

    var application: String { String(name.application) }

    /// The same with the issuer's final slash added or left out; `nil` where no issuer is written.
    var withOtherSlash: Registration? {
        guard case .issuer(let issuer) = server else { return nil }
        var other = self
        other.server = .issuer(issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer + "/")
        return other
    }

    /// The whole file.
    func text(secret: SecretPlace) -> String {
        (head + [""] + client(secret) + [""] + token).joined(separator: "\n") + "\n"
    }

    private var head: [String] {
        let place =
            switch server {
            case .erpnet(let address): "erpnet = \(TOML.text(address))"
            case .issuer(let address): "issuer = \(TOML.text(address))"
            }
        let opening = "# one client registration, asked for as \(application).…; after a change: systemctl reload tokend"
        return [opening, place] + (caFile.map { ["ca_file = \(TOML.text($0))"] } ?? [])
    }

    private func client(_ secret: SecretPlace) -> [String] {
        let reference: [String] =
            switch secret {
            case .credential(let id): ["secret = { credential = \(TOML.text(id)) }"]
            case .file(let path): ["secret = { file = \(TOML.text(path)) }"]
            case .none: []
            }
        let method = authentication.map { ["authentication = \(TOML.text($0))"] } ?? []
        return ["[client]", "id = \(TOML.text(clientID))"] + method + reference
    }

    private var token: [String] {
        let kind: [String] =
            switch grant {
            case .service: ["grant = \"client_credentials\""]
            case .person(let address): ["grant = \"authorization_code\"", "redirect_uri = \(TOML.text(address))"]
            }
        let asked = scopes.isEmpty ? [] : ["scopes = [\(scopes.map(TOML.text).joined(separator: ", "))]"]
        return ["[token.\(name.token)]"] + kind + asked + (isShared ? ["shared = true"] : []) + ["allow = ["] + allowed.map(entry) + ["]"]
    }

    private func entry(_ peer: Peer) -> String {
        let login: String =
            switch grant {
            case .service: ""
            case .person: ", login = true"
            }
        return switch peer {
        case .unit(let name): "    { unit = \(TOML.text(name)) },"
        case .user(let name): "    { user = \(TOML.text(name))\(login) },"
        case .group(let name): "    { group = \(TOML.text(name))\(login) },"
        }
    }
}

/// What a TOML file can say.
enum TOML {
    /// A basic string. Control characters were refused before. By scalars: a quotation mark with an accent is one character, and still ends the string.
    static func text(_ text: String) -> String {
        "\"" + text.unicodeScalars.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "\""
    }

    static func canSay(_ text: String) -> Bool {
        !text.isEmpty && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
    }
}
