import ErpNet
import Keys
import Testing

/// A browser's visit to the authorization endpoint for the `portal` application, and what its client does afterwards.
extension Instance {
    static let redirectURI = "http://127.0.0.1:53177/callback"
    static let verifier = "kV3r1f13r_for-orchid~example.0123456789abcdefghijklmnopqrstuvwxy"
    static let challenge = "LZEAJ5XS6ANWHiwtIZmTTrLb8cxCKfm2YyAc1kzMkPk"
    static let portal = "&client_id=demo.app%2Fportal&client_secret=portal-secret-0123456789"
    static let form = [("Content-Type", "application/x-www-form-urlencoded")]

    /// The parameters of a request that is in order; `nil` takes one away.
    static func parameters(_ changes: [String: String?] = [:]) -> String {
        var parameters: [String: String?] = [
            "response_type": "code", "client_id": "demo.app/portal", "redirect_uri": redirectURI,
            "scope": "openid profile offline_access read", "state": "q3VnR0s1dGg2TnBZd0J4Mg", "nonce": "n-0c2f1b7e9a",
            "code_challenge": challenge, "code_challenge_method": "S256",
        ]
        for (name, value) in changes { parameters[name] = value }
        return Form(parameters.sorted { $0.key < $1.key }.compactMap { name, value in value.map { (name, $0) } }).encoded
    }

    static let hybrid = ["response_type": "code id_token", "response_mode": "form_post"]

    mutating func authorize(_ changes: [String: String?] = [:], cookie: String? = nil) -> Reply {
        ask("GET", "/id/connect/authorize?" + Self.parameters(changes), cookie.map { [("Cookie", $0)] } ?? [])
    }

    /// Signs somebody in without pages and returns the code.
    mutating func code(_ changes: [String: String?] = [:], user: String = "m.petrova") throws -> String {
        try control("knob auto-login \(user)")
        return try #require(answer(authorize(changes))["code"])
    }

    mutating func exchange(_ code: String, _ changes: [String: String?] = [:], client: String = Instance.portal) -> Reply {
        var parameters: [String: String?] = [
            "grant_type": "authorization_code", "code": code, "redirect_uri": Self.redirectURI, "code_verifier": Self.verifier,
        ]
        for (name, value) in changes { parameters[name] = value }
        return token(Form(parameters.sorted { $0.key < $1.key }.compactMap { name, value in value.map { (name, $0) } }).encoded + client)
    }

    /// A grant's first answer.
    mutating func signedIn(_ changes: [String: String?] = [:], user: String = "m.petrova") throws -> JSON {
        try document(exchange(code(changes, user: user)))
    }

    mutating func refreshToken(_ changes: [String: String?] = [:]) throws -> String {
        try #require(signedIn(changes)["refresh_token"]?.text)
    }

    mutating func refresh(_ token: String, _ more: String = "", client: String = Instance.portal) -> Reply {
        self.token("grant_type=refresh_token&refresh_token=\(token)" + more + client)
    }

    mutating func grant() throws -> JSON {
        guard case .array(let grants)? = try control("grants")["grants"] else { throw NoDocument() }
        return try #require(grants.last)
    }
}

/// Where a redirect goes, or the form that a page posts by itself.
func answer(_ reply: Reply) throws -> Form {
    if let address = location(reply) {
        let parameters = address.split(separator: "?", maxSplits: 1).last?.split(separator: "#").first ?? ""
        return try #require(Form(decoding: Array(parameters.utf8)))
    }
    let page = String(decoding: reply.bytes, as: UTF8.self)
    let inputs = page.matches(of: #/<input type="hidden" name="([^"]*)" value="([^"]*)">/#)
    return Form(inputs.map { (String($0.1), String($0.2)) })
}

func location(_ reply: Reply) -> String? {
    reply.headers.first { $0.name == "Location" }?.value
}

/// Where a redirect goes.
func redirect(_ reply: Reply) throws -> String { try #require(location(reply)) }

/// The code in an answer.
func code(in reply: Reply) throws -> String { try #require(answer(reply)["code"]) }

/// The cookie that an answer sets, as a browser sends it back.
func cookie(_ reply: Reply) throws -> String {
    let header = try #require(reply.headers.first { $0.name == "Set-Cookie" }?.value)
    return String(header.prefix { $0 != ";" })
}

/// The payload of a token, whether or not its signature is right.
func claims(_ token: String?) throws -> String {
    let part = try #require(token).split(separator: ".")[1]
    return String(decoding: try #require(base64urlDecoded(part)), as: UTF8.self)
}

func header(_ token: String?) throws -> String {
    let part = try #require(token).split(separator: ".")[0]
    return String(decoding: try #require(base64urlDecoded(part)), as: UTF8.self)
}

extension JSON {
    /// A member that must be a text.
    func string(_ name: String) throws -> String { try #require(self[name]?.text) }

    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }
}
