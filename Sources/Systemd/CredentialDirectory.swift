internal import Glibc

/// The folder in which systemd puts the credentials of the service (systemd.exec(5), `LoadCredential=`).
package struct CredentialDirectory: Hashable, Sendable {
    /// Absolute, without "/" at its end: "" for the root itself.
    package let folder: String

    /// From `CREDENTIALS_DIRECTORY`; `nil` if it is not set, or not absolute.
    package init?() { self.init(getenv("CREDENTIALS_DIRECTORY").map { String(cString: $0) }) }

    package init?(_ folder: String?) {
        guard var folder, folder.hasPrefix("/") else { return nil }
        while folder.hasSuffix("/") { folder.removeLast() }
        self.folder = folder
    }

    /// The file of a credential, which need not exist; `nil` for an id that could not be one.
    package func path(_ id: String) -> String? {
        isCredentialID(id.utf8) ? "\(folder)/\(id)" : nil
    }
}
