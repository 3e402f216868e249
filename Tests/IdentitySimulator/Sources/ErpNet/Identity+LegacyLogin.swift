internal import FoundationEssentials
internal import Keys

extension Identity {
    /// ErpLogin, which is deprecated. It exists so that a test can prove that it is not called.
    func legacyLogin(_ request: Request) -> Reply {
        guard request.method == "POST" else { return .wrongMethod }
        guard let login = try? JSONDecoder().decode(LegacyLogin.self, from: Data(request.body)),
            people.contains(where: { $0.login == login.user && $0.password != nil && $0.password == login.pass })
        else { return refusedLogin }
        return .json(["authorization": "ErpSession \(randomHex(bytes: 16))"])
    }

    private var refusedLogin: Reply {
        let text: JSON = "The user or the password is not right."
        return .json(["message": text, "code": 0, "type": "LoginFailed", "info": ""], status: 401)
    }
}

private struct LegacyLogin: Decodable {
    let user: String
    let pass: String
}
