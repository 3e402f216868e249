import Glibc
@testable import TokenConfiguration
import TestSupport
import Testing
import TokenLedger

/// A configuration folder on disk, and a machine with the users that the tests speak of.
struct ConfigurationHouse {
    let folder: TemporaryFolder
    var root: String { folder.path + "/tokend" }
    var secrets: SecretSources

    init() throws {
        folder = try TemporaryFolder()
        secrets = SecretSources(credentialsDirectory: folder.path + "/credentials", owner: geteuid())
        for name in ["tokend", "tokend/apps.d", "credentials"] { try folder.makeFolder(name) }
        try write("../credentials/portal-secret", "open sesame\n", mode: 0o400)
    }

    /// Paths are relative to the configuration folder.
    @discardableResult
    func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws -> String {
        try folder.write("tokend/" + name, text, mode: mode)
    }

    func read() -> ConfigurationReading { readConfiguration(at: root, secrets: secrets, names: Self.names, now: Self.now) }

    /// 21 September 2026, 14:13:20 UTC
    static let now: Int64 = 1_790_000_000

    static let names = NameService(
        userID: { ["alice": 1000, "backup": 34, "root": 0, "fleeting": 61_200, "nobody": 65_534][$0] },
        groupID: { ["reporting": 500, "adm": 4, "fleeting": 61_200][$0] },
        subordinates: { SubordinateUIDs("alice:100000:65536") })

    /// What was found, without the folder.
    func problems() -> [String] {
        read().problems.map { problem in
            problem.description.replacing(root + "/apps.d/", with: "").replacing(root + "/", with: "").replacing(folder.path, with: "~")
        }
    }
}
