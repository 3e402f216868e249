internal import Keys

/// The `enrt_` tokens of an instance: opaque, looked up at each request, dead at once when revoked.
package struct ReferenceTokens: Sendable, Codable {
    package enum Kind: String, CaseIterable, Sendable, Codable {
        /// Acts as the person who made it.
        case personal = "PAT"
        /// Acts as the application's System User.
        case system = "SAT"
    }

    package struct Entry: Sendable, Codable {
        /// The token's fingerprint: all that is shown of it after it was minted.
        package let id: String
        package let kind: Kind
        package let application: String
        /// The login it acts as.
        package let owner: String
        package let scopes: [String]
        /// Unix seconds; `nil` never expires.
        package let expiry: Int?
        package fileprivate(set) var revoked = false
        package fileprivate(set) var lastUsed: Int?

        package func isGood(now: Int) -> Bool { !revoked && (expiry.map { now < $0 } ?? true) }
    }

    package private(set) var entries: [Entry] = []

    package init() {}

    /// Registers a token. It is shown by whoever calls this, and by nobody afterwards.
    package mutating func register(
        _ token: String, kind: Kind, application: String, owner: String, scopes: [String], expiry: Int?
    ) -> Entry {
        let entry = Entry(id: fingerprint(token), kind: kind, application: application, owner: owner, scopes: scopes, expiry: expiry)
        entries.removeAll { $0.id == entry.id }
        entries.append(entry)
        return entry
    }

    /// `enrt_` and 64 upper-case hex digits.
    package static func newToken() -> String { "enrt_" + randomHex(bytes: 32) }

    /// Looks a presented token up and notes its use.
    package mutating func use(_ token: String, now: Int) throws(AccessRefusal) -> Entry {
        let id = fingerprint(token)
        guard let index = entries.firstIndex(where: { $0.id == id }) else { throw .unknownReference }
        if entries[index].revoked { throw .revokedReference }
        if let expiry = entries[index].expiry, now >= expiry { throw .expiredReference }
        entries[index].lastUsed = now
        return entries[index]
    }

    package func entry(_ token: String) -> Entry? {
        let id = fingerprint(token)
        return entries.first { $0.id == id }
    }

    package mutating func revoke(id: String) throws(ControlError) {
        guard let index = entries.firstIndex(where: { $0.id == id }) else { throw ControlError("no reference token \"\(id)\"") }
        entries[index].revoked = true
    }
}

extension ReferenceTokens.Entry {
    package var json: JSON {
        [
            "id": .string(id), "kind": .string(kind.rawValue), "app": .string(application), "owner": .string(owner),
            "scope": .string(scopes.joined(separator: " ")), "expires": expiry.map { .number($0) } ?? .null,
            "revoked": .boolean(revoked), "last_used": lastUsed.map { .number($0) } ?? .null,
        ]
    }
}
