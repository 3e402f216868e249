internal import Keys

/// The `enrt_` tokens of an instance: opaque, looked up for each request, and invalid as soon as they are revoked.
package struct ReferenceTokens: Sendable, Codable {
    package enum Kind: String, CaseIterable, Sendable, Codable {
        /// Acts as the person who created it.
        case personal = "PAT"
        /// Acts as the System User of the application.
        case system = "SAT"
    }

    package struct Entry: Sendable, Codable {
        /// The fingerprint: the token itself is shown only when it is created.
        package let id: String
        package let kind: Kind
        package let application: String
        /// The login of its user.
        package let owner: String
        package let scopes: [String]
        /// Seconds since the epoch; `nil` never expires.
        package let expiry: Int?
        package fileprivate(set) var revoked = false
        package fileprivate(set) var lastUsed: Int?

        package func isGood(now: Int) -> Bool { !revoked && (expiry.map { now < $0 } ?? true) }
    }

    package private(set) var entries: [Entry] = []

    package init() {}

    /// Registers a token. Only the caller can show it.
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

    /// Finds the entry of a token and records its use.
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
