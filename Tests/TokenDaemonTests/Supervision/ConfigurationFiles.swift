import Glibc
import TestSupport
import TokenConfiguration

/// A configuration folder on disk without any user that a rule could name but this process's own.
struct ConfigurationFiles {
    private let folder: TemporaryFolder
    var root: String { folder.path("tokend") }
    let secrets: SecretSources

    init() throws {
        folder = try TemporaryFolder()
        secrets = SecretSources(credentialsDirectory: folder.path("credentials"), owner: geteuid())
        for name in ["tokend", "tokend/apps.d", "credentials"] { try folder.makeFolder(name) }
        try folder.write("credentials/portal-secret", "open sesame\n", mode: 0o400)
    }

    @discardableResult
    func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws -> String { try folder.write("tokend/" + name, text, mode: mode) }

    func read() -> ConfigurationReading {
        readConfiguration(at: root, secrets: secrets, names: NameService(userID: { $0 == "alice" ? 1000 : nil }, groupID: { _ in nil }))
    }
}
