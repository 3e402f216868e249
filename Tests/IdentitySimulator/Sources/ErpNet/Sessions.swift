internal import Keys

/// The browser sessions at the Identity site.
package struct Sessions: Sendable, Codable {
    package struct Session: Sendable, Codable {
        package fileprivate(set) var signIn: SignIn
        /// The session cookie. Secret.
        package let cookie: String
        package fileprivate(set) var ended = false
    }

    package private(set) var all: [Session] = []

    package init() {}

    /// The active session of a cookie.
    package func session(_ cookie: String?) -> Session? {
        all.last { $0.cookie == cookie && !$0.ended }
    }

    /// Keeps the session of the same person in the same browser, and creates a new one for another person.
    /// - Parameter cookie: the present cookie of the browser.
    package mutating func signIn(_ login: String, cookie: String?, now: Int) -> Session {
        if let index = all.lastIndex(where: { $0.cookie == cookie && !$0.ended && $0.signIn.login == login }) {
            all[index].signIn.time = now
            return all[index]
        }
        let signIn = SignIn(login: login, sessionID: randomHex(bytes: 16), time: now)
        let session = Session(signIn: signIn, cookie: randomHex(bytes: 32))
        all.append(session)
        return session
    }

    /// Ends the sessions that match `which`, and returns their ids.
    package mutating func end(_ which: (Session) -> Bool) -> [String] {
        let ending = all.indices.filter { !all[$0].ended && which(all[$0]) }
        for index in ending { all[index].ended = true }
        return ending.map { all[$0].signIn.sessionID }
    }
}

extension Sessions.Session {
    package var json: JSON {
        [
            "sid": .string(signIn.sessionID), "user": .string(signIn.login), "signed_in": .number(signIn.time), "alive": .boolean(!ended),
        ]
    }
}
