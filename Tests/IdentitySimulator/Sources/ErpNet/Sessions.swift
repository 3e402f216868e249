internal import Keys

/// The sessions of browsers at the Identity site.
package struct Sessions: Sendable, Codable {
    package struct Session: Sendable, Codable {
        package fileprivate(set) var signIn: SignIn
        /// The cookie that opens it. Secret.
        package let cookie: String
        package fileprivate(set) var ended = false
    }

    package private(set) var all: [Session] = []

    package init() {}

    /// The session that a browser shows the cookie of, as long as it lasts.
    package func session(_ cookie: String?) -> Session? {
        all.last { $0.cookie == cookie && !$0.ended }
    }

    /// The same person in the same browser keeps the session, anybody else gets a new one.
    /// - Parameter cookie: what the browser has from before.
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

    /// Ends the sessions that `which` picks and returns their ids.
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
