internal import FoundationEssentials
internal import Keys

extension Identity {
    /// Signs out (OpenID Connect RP-Initiated Logout). Without a valid hint a page asks first, and there is no redirect.
    mutating func endSession(_ request: Request, now: Int) -> Reply {
        guard let form = request.method == "POST" ? request.form : request.queryForm else { return .page("400 Bad Request", status: 400) }
        guard let hint = form["id_token_hint"].flatMap({ opened($0, site: request.site) }) else {
            guard request.method == "POST" && form["button"] == "yes" else { return Page.signOut(fields: Form([])) }
            if let session = sessions.session(request.sessionCookie) { signOut { $0.cookie == session.cookie } }
            return Page.signedOut
        }
        signOut { $0.signIn.sessionID == hint.sid }
        guard let address = form["post_logout_redirect_uri"],
            application(hint.aud)?.postLogoutRedirectURIs.contains(address) ?? false
        else { return Page.signedOut }
        let state = form["state"].map { (address.contains("?") ? "&" : "?") + Form([("state", $0)]).encoded } ?? ""
        return .redirect(to: address + state)
    }

    /// Ends sessions and frees their licence slots. Ends their refresh tokens if the knob says so.
    @discardableResult
    mutating func signOut(_ which: (Sessions.Session) -> Bool) -> [String] {
        let ended = sessions.end(which)
        for id in ended {
            counters.add("sign-outs")
            licences.close(id)
        }
        if knobs.logoutKills == .on { end(.logout) { ended.contains($0.signIn.sessionID) } }
        return ended
    }

    private struct Hint: Decodable {
        let iss, aud, sid: String
    }

    /// The claims of our own ID token, expired or not.
    private func opened(_ token: String, site: Site) -> Hint? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let signature = base64urlDecoded(parts[2]), let payload = base64urlDecoded(parts[1]),
            keys.entries.contains(where: { $0.key.verifies(signature, of: Array("\(parts[0]).\(parts[1])".utf8)) }),
            let hint = try? JSONDecoder().decode(Hint.self, from: Data(payload)), hint.iss == site.issuer
        else { return nil }
        return hint
    }
}
