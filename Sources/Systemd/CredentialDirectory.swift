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

    /// The file of a credential, which need not exist; `nil` for an id that could not be one: systemd allows a plain file name of at most
    /// 255 printable ASCII characters.
    package func path(_ id: String) -> String? {
        guard (1...255).contains(id.utf8.count), id != ".", id != "..",
            id.utf8.allSatisfy({ (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") })
        else { return nil }
        return "\(folder)/\(id)"
    }
}
