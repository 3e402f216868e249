internal import FoundationEssentials
internal import Keys

extension Identity {
    /// ErpLogin, which is being retired: it answers, so that a test can prove that nobody asks.
    func legacyLogin(_ request: Request) -> Reply {
        guard request.method == "POST" else { return .wrongMethod }
        guard let login = try? JSONDecoder().decode(LegacyLogin.self, from: Data(request.body)),
              people.contains(where: { $0.login == login.user && $0.password != nil && $0.password == login.pass })
        else { return .json(["message": "The user or the password is not right.", "code": 0, "type": "LoginFailed", "info": ""], status: 401) }
        return .json(["authorization": "ErpSession \(randomHex(bytes: 16))"])
    }
}

private struct LegacyLogin: Decodable {
    let user: String
    let pass: String
}
