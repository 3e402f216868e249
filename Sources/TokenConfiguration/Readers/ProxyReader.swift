internal import OAuth
internal import TokenLedger

/// The proxy of an application: `proxy = "http://host:port"`, or a table with a user name and a password beside the address.
struct ProxyReader {
    enum Route {
        case direct
        case through(ProxySettings)
    }

    let secrets: SecretReader

    /// `nil` if there is a proxy and it cannot be used, which has then been reported. Without a password whose credential was passed over.
    func read(_ application: TableReader) -> Route? {
        guard let node = application.node("proxy") else { return .direct }
        guard case .table = node.content else { return application.value("proxy", address).map { .through(ProxySettings(url: $0)) } }
        guard let table = TableReader(node, application.problems) else { return nil }
        let url = table.required("url", "write url = \"http://host:port\"", address)
        let login = login(table)
        table.finish()
        guard let url, let login else { return nil }
        switch login {
        case .none, .passedOver: return .through(ProxySettings(url: url))
        case .login(let login): return .through(ProxySettings(url: url, login: login))
        }
    }

    private enum Found {
        case none
        case passedOver
        case login(ProxySettings.Login)
    }

    private func login(_ table: TableReader) -> Found? {
        guard table.node("user") != nil || table.node("password") != nil else { return Found.none }
        let user = table.required("user", "write the user name that the proxy knows", user)
        guard table.node("password") != nil else {
            table.problems.error("is missing; \(SecretReader.forms("password"))", at: table.place.below("password"))
            return nil
        }
        let passedOver = secrets.passedOver.count
        let password = secrets.read("password", of: table, ifWritten: "change the password")
        guard let user else { return nil }
        guard let password else { return secrets.passedOver.count > passedOver ? .passedOver : nil }
        return .login(ProxySettings.Login(user: user, password: password))
    }

    /// The text itself is not repeated: there could be a password in it.
    private func address(_ node: ConfigurationNode) throws(Complaint) -> String {
        let text = try node.text()
        let wrong = Complaint(
            "must be \"http://host:port\" and nothing else; "
                + "write a password beside it: proxy = { url = \"http://host:port\", user = \"name\", password = { file = \"/path\" } }")
        let scheme = "http://"
        let port = text.utf8.lastIndex(of: UInt8(ascii: ":")).map { text[text.index(after: $0)...] } ?? ""
        guard text.hasPrefix(scheme), port.utf8.allSatisfy({ (48...57).contains($0) }), port.first != "0", !port.isEmpty else { throw wrong }
        // the same strictness about host and port as for any address of ours
        guard let url = try? HTTPSURL("https://" + text.dropFirst(scheme.count)), url.path.isEmpty else { throw wrong }
        return text
    }

    /// RFC 7617 section 2.
    private func user(_ node: ConfigurationNode) throws(Complaint) -> String {
        let text = try node.text()
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: ":") }) else {
            throw Complaint("must have no colon and no control character")
        }
        return text
    }
}
