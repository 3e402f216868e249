internal import FoundationEssentials

/// The state that survives a restart, as in a database: sessions and valid tokens.
package struct Memory: Sendable, Codable {
    private let sessions: Sessions
    private let grants: Grants
    private let references: ReferenceTokens

    package init(of identity: Identity) {
        (sessions, grants, references) = (identity.sessions, identity.grants, identity.references)
    }

    /// Parses the output of `text`.
    package init(_ text: String) throws {
        self = try JSONDecoder().decode(Memory.self, from: Data(text.utf8))
    }

    /// A JSON document that contains refresh tokens.
    package func text() throws -> String {
        String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
    }

    package func restore(_ identity: inout Identity) {
        (identity.sessions, identity.grants, identity.references) = (sessions, grants, references)
    }
}
