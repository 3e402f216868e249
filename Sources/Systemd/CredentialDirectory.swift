internal import Glibc

/// The folder with the credentials of this service (systemd.exec(5), `LoadCredential=`).
package struct CredentialDirectory: Hashable, Sendable {
    /// Absolute, without a trailing "/". It is "" for the root folder.
    package let folder: String

    /// From `$CREDENTIALS_DIRECTORY`. `nil` if that is not set or not absolute.
    package init?() { self.init(getenv("CREDENTIALS_DIRECTORY").map { String(cString: $0) }) }

    package init?(_ folder: String?) {
        guard var folder, folder.hasPrefix("/") else { return nil }
        while folder.hasSuffix("/") { folder.removeLast() }
        self.folder = folder
    }

    /// The path of a credential file, which may not exist. `nil` if the id is not valid.
    package func path(_ id: String) -> String? {
        isCredentialID(id.utf8) ? "\(folder)/\(id)" : nil
    }
}
