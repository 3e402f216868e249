/// A user of the instance: a person, or a System User of applications.
package struct Person: Equatable, Sendable {
    package enum Kind: String, Sendable {
        case internalUser = "InternalUser"
        case communityUser = "ExternalCommunityUser"
        case systemUser = "SystemUserNoLogin"
    }

    /// A GUID that does not change when the login is renamed.
    package let id: String
    package let login: String
    package let name: String
    package let kind: Kind
    package let isAdmin: Bool
    /// `nil` for users that cannot sign in.
    package var password: String?

    package var email: String { login + "@demo.example" }
}

extension Person {
    /// The users of a new instance.
    package static let demo: [Person] = [
        Person(
            id: "5d0a3c52-8a0e-4c55-9d7e-0f6b2f3f1c11", login: "m.petrova", name: "M. Petrova",
            kind: .internalUser, isAdmin: false, password: "wonder-Land_1"),
        Person(
            id: "0c1b7a52-6a6e-4f0b-8a53-6b1f0d9f2a22", login: "a.admin", name: "A. Admin",
            kind: .internalUser, isAdmin: true, password: "wonder-Land_2"),
        Person(
            id: "9f4e2b1d-33c7-4a7e-b1a4-5c0d8e7f6a33", login: "c.guest", name: "C. Guest",
            kind: .communityUser, isAdmin: false, password: "wonder-Land_3"),
        Person(
            id: "7e21c9a4-1d5f-4b8a-9c3e-2f4a6b8c0d44", login: "svc.sync", name: "Synchronisation",
            kind: .internalUser, isAdmin: false, password: nil),
        Person(
            id: "3b6d8f10-52a4-47c9-8e1f-a0b2c4d6e855", login: "SYSTEM_APPLICATION_USER", name: "System application user",
            kind: .systemUser, isAdmin: false, password: nil),
    ]
}
