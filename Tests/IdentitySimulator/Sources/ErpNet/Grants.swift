internal import Keys

/// The refreshable grants of people to applications. Each is a chain of refresh tokens.
package struct Grants: Sendable, Codable {
    /// Why a grant ended early.
    package enum End: String, Sendable, Codable {
        case reuse, revoked, logout, deleted
        case passwordChange = "password-change"
        case applicationChange = "app-change"
        case codeReuse = "code-reuse"
    }

    package struct Grant: Sendable, Codable {
        package let id: Int
        package let client: String
        package let signIn: SignIn
        package let scopes: [String]
        /// When it was created, in seconds since the epoch.
        package let began: Int
        /// The `jti` of its first access token. Stock servers repeat it.
        package let firstTokenID: String
        /// 1 for the first refresh token; incremented for each successor.
        package fileprivate(set) var generation = 0
        package fileprivate(set) var refreshes = 0
        package fileprivate(set) var rotated: Int
        /// Unix seconds.
        package fileprivate(set) var expiry: Int
        package fileprivate(set) var end: End?
        /// The accepted refresh tokens, the newest last. Secret.
        fileprivate var unspent: [String] = []

        package func isAlive(now: Int) -> Bool { end == nil && now < expiry && !unspent.isEmpty }
    }

    private struct Handle: Codable {
        let grant: Int
        var spent: Int?
    }

    private var grants: [Int: Grant] = [:]
    private var handles: [String: Handle] = [:]
    private var nextID = 1

    package init() {}

    /// Continues the numbering of the previous store, so that a number is never reused.
    package init(after other: Grants) { nextID = other.nextID }

    package var all: [Grant] { grants.values.sorted { $0.id < $1.id } }

    /// Creates a grant with its first refresh token.
    package mutating func begin(
        client: String, signIn: SignIn, scopes: [String], firstTokenID: String, now: Int, life: Int
    ) -> (grant: Grant, handle: String) {
        let grant = Grant(
            id: nextID, client: client, signIn: signIn, scopes: scopes, began: now, firstTokenID: firstTokenID, rotated: now, expiry: now + life)
        nextID += 1
        grants[grant.id] = grant
        let handle = newHandle(of: grant.id, now: now)
        return (grants[grant.id] ?? grant, handle)
    }

    /// The grant of a refresh token that its client may use now.
    package func present(_ handle: String, client: String, mode: RefreshMode, now: Int) throws(TokenRefusal) -> Grant {
        guard let entry = handles[handle], let grant = grants[entry.grant] else { throw .unknownRefreshToken }
        guard grant.client == client else { throw .refreshTokenOfAnotherClient }
        guard grant.end == nil else { throw .endedGrant }
        guard now < grant.expiry else { throw .expiredRefreshToken }
        guard let spent = entry.spent else { return grant }
        if case .grace(let seconds) = mode, now - spent < seconds { return grant }
        throw .usedRefreshToken
    }

    /// Consumes a refresh token and creates its successor; `nil` in the mode without rotation.
    /// - Parameter life: the new remaining lifetime in seconds; `nil` keeps the end.
    package mutating func spend(_ handle: String, mode: RefreshMode, now: Int, life: Int?) -> String? {
        guard let id = handles[handle]?.grant else { return nil }
        grants[id]?.refreshes += 1
        if let life { grants[id]?.expiry = now + life }
        guard mode != .noRotation else { return nil }
        if handles[handle]?.spent == nil { handles[handle]?.spent = now }
        grants[id]?.unspent.removeAll { $0 == handle }
        return newHandle(of: id, now: now)
    }

    /// The active grant of a refresh token, whatever its client and whether or not it was used.
    package func grant(of handle: String) -> Grant? {
        handles[handle].flatMap { grants[$0.grant] }
    }

    /// Whether a refresh token would be accepted.
    package func accepts(_ handle: String, now: Int) -> Bool {
        guard let entry = handles[handle], let grant = grants[entry.grant] else { return false }
        return grant.isAlive(now: now) && entry.spent == nil
    }

    /// Whether this client has used its refresh token before.
    package func isSpent(_ handle: String, of client: String) -> Bool {
        handles[handle].map { $0.spent != nil && grants[$0.grant]?.client == client } ?? false
    }

    /// Whether a refresh token was issued and never used.
    package func isUnspent(_ handle: String) -> Bool { handles[handle].map { $0.spent == nil } ?? false }

    /// Ends the grants that match `which`, and returns their numbers.
    package mutating func end(_ cause: End, _ which: (Grant) -> Bool) -> [Int] {
        let ending = grants.values.filter { $0.end == nil && which($0) }.map(\.id).sorted()
        for id in ending { grants[id]?.end = cause }
        return ending
    }

    private mutating func newHandle(of id: Int, now: Int) -> String {
        let handle = randomHex(bytes: 32)
        handles[handle] = Handle(grant: id)
        grants[id]?.generation += 1
        grants[id]?.rotated = now
        grants[id]?.unspent.append(handle)
        return handle
    }
}

extension Grants.Grant {
    /// The data for tests: only fingerprints of the refresh tokens.
    package func json(now: Int) -> JSON {
        let alive = isAlive(now: now)
        return [
            "id": .number(id), "client": .string(client), "user": .string(signIn.login), "sid": .string(signIn.sessionID),
            "scope": .string(scopes.joined(separator: " ")), "generation": .number(generation), "alive": .boolean(alive),
            "refreshes": .number(refreshes),
            "ended": (end?.rawValue ?? (now < expiry ? nil : "expired")).map { .string($0) } ?? .null,
            "current": unspent.last.map { .string(fingerprint($0)) } ?? .null,
            "accepted": alive ? JSON(unspent.map { fingerprint($0) }) : [],
            "began": .number(began), "rotated": .number(rotated), "expires": .number(expiry),
        ]
    }
}
