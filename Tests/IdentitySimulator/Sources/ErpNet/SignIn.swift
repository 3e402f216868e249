/// A person's signing in: what every token that comes of it repeats.
package struct SignIn: Equatable, Sendable, Codable {
    package let login: String
    /// The `sid`, 32 hex digits: it survives refreshes, and keys the licence slot.
    package let sessionID: String
    /// The `auth_time`, Unix seconds.
    package var time: Int
}
