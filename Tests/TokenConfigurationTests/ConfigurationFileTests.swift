import Glibc
import OAuth
import Secrets
import TestSupport
import Testing
@testable import TokenConfiguration
import TokenLedger

/// Real files with real modes and owners.
struct ConfigurationFileTests {
    private static let portal = """
        issuer = "https://a.example.com"
        [client]
        id = "a"
        secret = { file = "SECRET" }
        [token.sync]
        grant = "client_credentials"
        allow = [ { user = "alice" } ]
        """

    private func house(secret: String? = "hunter2\n", mode: mode_t = 0o600) throws -> ConfigurationHouse {
        let house = try ConfigurationHouse()
        let path = house.folder.path + "/secret"
        if let secret { try house.write("../secret", secret, mode: mode) }
        try house.write("apps.d/portal.toml", Self.portal.replacing("SECRET", with: path))
        return house
    }

    /// A house whose files belong to neither root nor the daemon: everything in it is somebody else's.
    private func estranged(_ path: String, in house: inout ConfigurationHouse) throws {
        if geteuid() == 0 { try #require(chown(path, 12_345, 12_345) == 0) }
        house.secrets.owner = 54_321
    }
    private var stranger: UInt32 { geteuid() == 0 ? 12_345 : geteuid() }

    // MARK: secrets

    @Test(arguments: [0o600, 0o400, 0o700] as [mode_t])
    func `a secret that only its owner can read is taken`(mode: mode_t) throws {
        #expect(try house(mode: mode).problems() == [])
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o666] as [mode_t])
    func `SEC-01 a secret that others can touch is refused`(mode: mode_t) throws {
        let text = "\"~/secret\" has mode 0\(String(mode, radix: 8)), so others can read it; chmod 0600 it"
        #expect(try house(mode: mode).problems() == ["portal.toml:4: client.secret.file: \(text)"])
    }

    @Test(arguments: [
        ("", "is empty"), ("\n", "is empty"), ("hunter2\n\n", "holds a control character, such as a second line; it must hold the secret alone"),
        ("hunter2\r\n", "holds a control character, such as a second line; it must hold the secret alone"),
        ("a\u{0}b", "holds a control character, such as a second line; it must hold the secret alone"),
        (String(repeating: "x", count: (64 << 10) + 1), "is larger than 64 KiB"),
    ])
    func `a secret that cannot be one is refused`(content: String, reason: String) throws {
        #expect(try house(secret: content).problems() == ["portal.toml:4: client.secret.file: \"~/secret\" \(reason)"])
    }

    @Test(arguments: [("hunter2", 7), ("hunter2\n", 7), (" hunter2 ", 9), (String(repeating: "x", count: 64 << 10), 64 << 10)])
    func `one line feed at the end is not part of a secret`(content: String, count: Int) throws {
        let reading = try house(secret: content).read()
        let authentication = try #require(reading.configuration?.applications["portal"]?.client.authentication)
        var length: Int?
        if case .post(let secret) = authentication { length = secret.count }
        #expect(length == count)
    }

    @Test func `a byte order mark before a secret is left out, and told`() throws {
        let house = try house(secret: "\u{FEFF}hunter2\n")
        let problems = house.problems()
        #expect(problems.count == 1)
        #expect(
            problems.first?.contains("warning: client.secret.file: the file \"~/secret\" begins with a byte order mark, which is left out") == true,
            "\(problems)")
        let client = try #require(house.read().configuration?.applications["portal"]?.client)
        #expect(client.authentication == .post(Secret("hunter2")))
        #expect(
            try self.house(secret: "\u{FEFF}\n").problems() == [
                "portal.toml:4: client.secret.file: the file \"~/secret\" holds a byte order mark and nothing else"
            ])
    }

    @Test(arguments: ["hunter2 \n", " hunter2\n", "hunter2\u{A0}", "hunter2  "]) func `a blank at an end of a secret is told, and sent`(content: String) throws
    {
        let house = try house(secret: content)
        let problems = house.problems()
        #expect(problems.count == 1)
        #expect(problems.first?.contains("warning: client.secret.file: the file \"~/secret\" begins or ends with a blank") == true, "\(problems)")
        #expect(house.read().configuration != nil)
    }

    @Test(arguments: ["hunter 2\n", "\u{440}\n"]) func `a blank inside a secret is its own`(content: String) throws {
        #expect(try house(secret: content).problems() == [])
    }

    @Test func `a secret behind a link, in a folder or in a pipe is refused`() throws {
        let house = try house(secret: nil)
        let path = house.folder.path + "/secret"
        #expect(house.problems() == ["portal.toml:4: client.secret.file: \"~/secret\" does not exist"])
        try house.write("../real", "hunter2", mode: 0o600)
        try #require(symlink(house.folder.path + "/real", path) == 0)
        #expect(house.problems() == ["portal.toml:4: client.secret.file: \"~/secret\" is a symbolic link; name the file itself"])
        try #require(unlink(path) == 0 && mkdir(path, 0o700) == 0)
        #expect(house.problems() == ["portal.toml:4: client.secret.file: \"~/secret\" is not a regular file"])
        try #require(rmdir(path) == 0 && mkfifo(path, 0o600) == 0)
        #expect(house.problems() == ["portal.toml:4: client.secret.file: \"~/secret\" is not a regular file"])
    }

    @Test func `a secret of another user is refused`() throws {
        var house = try house()
        try estranged(house.folder.path + "/secret", in: &house)
        #expect(
            house.problems().contains(
                "portal.toml:4: client.secret.file: \"~/secret\" belongs to uid \(stranger); it must belong to root or the daemon (uid 54321): chown it"))
    }

    @Test(.enabled(if: geteuid() == 0)) func `a check says that the daemon cannot read a secret of root`() throws {
        var house = try house()
        house.secrets.owner = 54_321
        house.secrets.offline = true
        #expect(
            house.problems() == [
                "portal.toml:4: client.secret.file: \"~/secret\" belongs to root, so the daemon cannot read it; chown it to the daemon's user (uid 54321)"
            ])
    }

    @Test func `LOG-01 no message holds a secret`() throws {
        for (content, mode) in [("hunter2\nhunter2", 0o600), ("hunter2", 0o644), (String(repeating: "hunter2", count: 20_000), 0o600)] {
            let house = try house(secret: content, mode: mode_t(mode))
            #expect(!house.problems().isEmpty)
            #expect(!checkReport(house.read()).lines.joined().contains("hunter2"))
            #expect(!"\(house.read())".contains("hunter2"))
        }
        #expect(try !"\(house().read())".contains("hunter2"), "not in a good reading either")
    }

    // MARK: credentials

    @Test func `a credential may be root's with the mask of an ACL`() throws {
        let house = try ConfigurationHouse()
        try house.write("apps.d/portal.toml", Self.portal.replacing("file = \"SECRET\"", with: "credential = \"c\""))
        try house.write("../credentials/c", "hunter2", mode: 0o440)
        #expect(house.problems() == [])
        try house.write("../credentials/c", "hunter2", mode: 0o444)
        #expect(house.problems() == ["portal.toml:4: client.secret.credential: \"~/credentials/c\" has mode 0444, which no credential of systemd has"])
    }

    @Test func `a credential is found by the name of its file in the service's own folder`() throws {
        let house = try ConfigurationHouse()
        for (id, files, secret) in [
            ("c", ["secret_c"], "secret_c"), ("secret_c", ["secret_c"], "secret_c"), ("c", ["c"], "c"), ("c", ["c", "secret_c"], "c"),
        ] {
            for name in ["c", "secret_c"] { unlink("\(house.root)/../credentials/\(name)") }
            for name in files { try house.write("../credentials/\(name)", name, mode: 0o400) }
            let found = try #require(try house.secrets.secret(credential: id))
            #expect(found.withBytes { Array($0) } == Array(secret.utf8), "\(id) of \(files)")
        }
    }

    @Test(arguments: ["c", "secret_c"])
    func `a credential that is missing is refused with the command that makes it`(id: String) throws {
        let house = try ConfigurationHouse()
        try house.write("apps.d/portal.toml", Self.portal.replacing("file = \"SECRET\"", with: "credential = \"\(id)\""))
        #expect(
            house.problems() == [
                "portal.toml:4: client.secret.credential: there is no credential \"\(id)\"; make it with "
                    + "\"systemd-creds encrypt --name=secret_c - /etc/tokend/secrets.d/c\", then restart tokend"
            ])
    }

    @Test func `without a credentials folder a credential is refused, and passed over by a check`() throws {
        var house = try ConfigurationHouse()
        try house.write("apps.d/portal.toml", Self.portal.replacing("file = \"SECRET\"", with: "credential = \"c\""))
        house.secrets.credentialsDirectory = nil
        #expect(
            house.problems() == [
                "portal.toml:4: client.secret.credential: credential \"c\" cannot be had: tokend was not started by systemd with credentials; "
                    + "name a file instead"
            ])
        house.secrets.offline = true
        let reading = house.read()
        #expect(reading.problems == [])
        #expect(reading.configuration == nil, "a configuration without its secret must not run")
        #expect(checkReport(reading).exitStatus == 0)
        #expect(checkReport(reading).lines.last?.hasSuffix("; 1 credential not looked at: only the service has its credentials") == true)
        try house.write("apps.d/portal.toml", Self.portal.replacing("file = \"SECRET\"", with: "credential = \"a/b\""))
        #expect(house.problems().count == 1, "a name that cannot be one is told all the same")
    }

    // MARK: configuration files

    @Test(arguments: [0o664, 0o646, 0o666] as [mode_t])
    func `a configuration file that others can write is refused`(mode: mode_t) throws {
        let house = try house()
        try #require(chmod(house.root + "/apps.d/portal.toml", mode) == 0)
        let file = house.root + "/apps.d/portal.toml"
        #expect(house.read().problems.map(\.description) == ["\(file): \"\(file)\" has mode 0\(String(mode, radix: 8)), so others can write it; chmod go-w it"])
    }

    @Test(arguments: ["", "/apps.d"])
    func `a configuration folder that others can write is refused and still read`(folder: String) throws {
        let house = try house(mode: 0o644)
        try #require(chmod(house.root + folder, 0o775) == 0)
        let problems = house.read().problems.map(\.description)
        #expect(problems.count == 2)
        #expect(problems.contains("\(house.root + folder): has mode 0775, so others can change what is in it; chmod go-w it"))
    }

    @Test func `configuration of another user is refused`() throws {
        var house = try house()
        let file = house.root + "/apps.d/portal.toml"
        try estranged(file, in: &house)
        #expect(
            house.read().problems.map(\.description).contains(
                "\(file): \"\(file)\" belongs to uid \(stranger); it must belong to root or the daemon (uid 54321): chown it"))
    }

    @Test func `a certificate file that others can write is refused`() throws {
        let house = try ConfigurationHouse()
        let file = try house.write("../ca.pem", "-----BEGIN CERTIFICATE-----", mode: 0o666)
        try house.write("tokend.toml", "")
        try house.write("apps.d/a.toml", "issuer = \"https://a.example.com\"\nca_file = \"\(file)\"\nclient.id = \"a\"\n[token]\n")
        #expect(house.problems() == ["a.toml:2: ca_file: \"../ca.pem\" has mode 0666, so others can write it; chmod go-w it"])
        try house.write("../ca.pem", "hello", mode: 0o644)
        #expect(house.problems().first?.hasSuffix("holds no certificate in PEM form") == true)
    }

    @Test func `a missing folder is a configuration without applications`() throws {
        let house = try ConfigurationHouse()
        let reading = readConfiguration(at: house.root + "/none/", secrets: house.secrets)
        #expect(reading.configuration != nil)
        #expect(reading.problems.map(\.description) == ["\(house.root)/none: warning: does not exist: there are no applications"])
        try #require(rmdir(house.root + "/apps.d") == 0)
        #expect(house.problems() == ["apps.d: warning: does not exist: there are no applications"])
        try house.write("apps.d", "")
        #expect(house.problems() == ["apps.d: is not a folder"])
    }

    @Test func `only files that can be an application are read`() throws {
        let house = try house()
        for name in ["README", "portal.toml.dpkg-new", ".hidden.toml", "portal.toml~", "a.conf"] { try house.write("apps.d/\(name)", "not toml [") }
        #expect(house.problems() == [])
        try house.write("apps.d/Portal.toml", "")
        try house.write("apps.d/\(String(repeating: "a", count: 33)).toml", "")
        #expect(house.problems().count == 2)
        #expect(house.problems().allSatisfy { $0.contains(": the name of the file is the name of its application: ") })
    }

    @Test func `what is no file is refused`() throws {
        let house = try ConfigurationHouse()
        try #require(mkdir(house.root + "/apps.d/a.toml", 0o755) == 0)
        try #require(mkfifo(house.root + "/apps.d/b.toml", 0o644) == 0)
        try #require(symlink("/nowhere", house.root + "/tokend.toml") == 0)
        let problems = house.read().problems.map(\.text)
        #expect(problems.count == 3)
        #expect(problems.filter { $0.hasSuffix("is not a regular file") }.count == 2)
        #expect(problems.filter { $0.hasSuffix("does not exist") }.count == 1)
    }

    @Test func `a file that is too large is refused`() throws {
        let house = try ConfigurationHouse()
        try house.write("tokend.toml", String(repeating: "#", count: (4 << 20) + 1))
        #expect(house.problems().count == 1)
        #expect(house.problems().first?.hasSuffix("is larger than 4 MiB") == true)
    }
}
