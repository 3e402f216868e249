/// One sign-in of a person. Its values are repeated in every token.
package struct SignIn: Equatable, Sendable, Codable {
    package let login: String
    /// The `sid`, 32 hex digits. It stays the same after a refresh, and identifies the licence slot.
    package let sessionID: String
    /// The `auth_time`, Unix seconds.
    package var time: Int
}
