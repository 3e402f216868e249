internal import Glibc
internal import Secrets
internal import Systemd
internal import TokenLedger

/// Where secrets and configuration files may come from, and to whom they must belong.
package struct SecretSources: Sendable {
    /// `$CREDENTIALS_DIRECTORY`; `nil` outside a service that has credentials.
    package var credentialsDirectory: String?
    /// `--check`: without a credentials directory a credential is passed over instead of refused. Files are still looked at.
    package var offline: Bool
    /// The daemon's user: files must belong to it or to root.
    package var owner: UInt32

    package init(credentialsDirectory: String?, offline: Bool = false, owner: UInt32) {
        self.credentialsDirectory = credentialsDirectory
        self.offline = offline
        self.owner = owner
    }

    /// The credentials that systemd gave this process, and its own user.
    package static var ofThisProcess: SecretSources {
        SecretSources(credentialsDirectory: CredentialDirectory()?.folder, owner: geteuid())
    }

    /// For `--check`: as a daemon of this user would see it. Of the service's own folder root asks on behalf of the user `tokend`, where
    /// there is one.
    package static func ofCheck(at directory: String, for user: UInt32?) -> SecretSources {
        let service = geteuid() == 0 && isSame(directory, DaemonOptions.defaultConfiguration) ? userID("tokend") : nil
        return SecretSources(credentialsDirectory: CredentialDirectory()?.folder, offline: true, owner: user ?? service ?? geteuid())
    }
}

/// Whether two paths lead to the same place, however they are spelled.
private func isSame(_ path: String, _ other: String) -> Bool {
    var (first, second) = (stat(), stat())
    return stat(path, &first) == 0 && stat(other, &second) == 0 && (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)
}

extension SecretSources {
    /// The secret in a file.
    func secret(file path: String) throws(Complaint) -> Secret { try opened(file: path).secret() }

    /// The secret in a credential; `nil` if it was passed over.
    func secret(credential id: String) throws(Complaint) -> Secret? { try opened(credential: id)?.secret() }

    /// A file that may hold a secret. Root's is refused too where the daemon is not root: it could not read it.
    func opened(file path: String) throws(Complaint) -> OpenedFile {
        guard path.hasPrefix("/") else { throw Complaint("must be an absolute path") }
        let file = try OpenedFile(path, followsLinks: false)
        try file.mustBelong(to: owner)
        guard file.mode & 0o077 == 0 else {
            throw Complaint("\(file.shown) has mode \(file.shownMode), so others can read it; chmod 0600 it")
        }
        guard file.owner == owner || owner == 0 || !offline else {
            throw Complaint("\(file.shown) belongs to root, so the daemon cannot read it; chown it to the daemon's user (uid \(owner))")
        }
        return file
    }

    /// The file of a credential; `nil` if it was passed over.
    ///
    /// Of the credential `ID` itself (`LoadCredential=ID:…`, `SetCredentialEncrypted=ID:…`) or, without one, of the file `ID` in the
    /// service's own folder: there `LoadCredentialEncrypted=secret:/etc/tokend/secrets.d` makes it the credential `secret_ID`
    /// (systemd.exec(5)), which is its name too.
    package func opened(credential id: String) throws(Complaint) -> OpenedFile? {
        guard let folder = CredentialDirectory(credentialsDirectory ?? (offline ? "/" : nil)) else {
            throw Complaint("credential \(quoted(id)) cannot be had: tokend was not started by systemd with credentials; name a file instead")
        }
        guard folder.path(id) != nil else {
            throw Complaint("is not the name of a credential: printable characters without blanks, \"/\" and \":\", at most 255")
        }
        guard credentialsDirectory != nil else { return nil }
        guard let path = [id, Self.ofOwnFolder + id].compactMap(folder.path).first(where: { access($0, F_OK) == 0 }) else {
            throw Complaint("there is no credential \(quoted(id)); \(Self.remedy(id)), then restart tokend")
        }
        let file = try OpenedFile(path, followsLinks: false)
        try file.mustBelong(to: owner)
        // systemd lets the daemon read root's copy by an ACL, whose mask shows as the group's bits
        guard file.mode & 0o007 == 0 else {
            throw Complaint("\(file.shown) has mode \(file.shownMode), which no credential of systemd has")
        }
        return file
    }

    /// What systemd puts before the names of the files in the service's own folder.
    package static let ofOwnFolder = "secret_"

    /// The credential that is the key of the store.
    package static let storeKey = "store-key"

    /// Whether a credential is a key of the store's, present or old, and so nothing else.
    static func isStoreKey(_ id: String) -> Bool {
        let id = id.hasPrefix(ofOwnFolder) ? String(id.dropFirst(ofOwnFolder.count)) : id
        return id == storeKey || id.hasPrefix(storeKey + ".")
    }

    private static func remedy(_ id: String) -> String {
        let file = id.hasPrefix(ofOwnFolder) ? String(id.dropFirst(ofOwnFolder.count)) : id
        return "make it with \"systemd-creds encrypt --name=\(ofOwnFolder)\(file) - /etc/tokend/secrets.d/\(file)\""
    }
}
