internal import FoundationEssentials

/// What outlives a restart, as a database would keep it: who is signed in, and which tokens are good.
package struct Memory: Sendable, Codable {
    private let sessions: Sessions
    private let grants: Grants
    private let references: ReferenceTokens

    package init(of identity: Identity) {
        (sessions, grants, references) = (identity.sessions, identity.grants, identity.references)
    }

    /// Reads what `text` wrote.
    package init(_ text: String) throws {
        self = try JSONDecoder().decode(Memory.self, from: Data(text.utf8))
    }

    /// A JSON document that holds refresh tokens.
    package func text() throws -> String {
        String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
    }

    package func restore(_ identity: inout Identity) {
        (identity.sessions, identity.grants, identity.references) = (sessions, grants, references)
    }
}
