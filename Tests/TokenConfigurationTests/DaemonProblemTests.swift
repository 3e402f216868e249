import Secrets
import Testing
@testable import TokenConfiguration
import TokenLedger

struct DaemonProblemTests {
    @Test(arguments: [
        ("[limits]\nconnections = 15", "2: limits.connections: must be 16 to 1000000 connections, not 15"),
        ("[limits]\nidle = 0", "2: limits.idle: must be 1 to 86400 seconds, not 0"),
        ("[limits]\nstalled = 601", "2: limits.stalled: must be 1 to 600 seconds, not 601"),
        ("[limits]\npipelined = 0", "2: limits.pipelined: must be 1 to 65536 requests, not 0"),
        ("[limits]\nwaiting_output = 1", "2: limits.waiting_output: must be 4096 to 16777216 bytes, not 1"),
        (
            "[limits]\nper_user = 1",
            "2: limits.per_user: unknown key; here are known: buffers, connections, idle, members_per_group, per_uid, pipelined, stalled, stranger_idle, strangers, strangers_per_uid, waiting_output"
        ),
        ("[limits]\nconnections = 100\nper_uid = 101", "3: limits.per_uid: 101 is more than connections allows (100); lower it or raise connections"),
        ("[limits]\nstrangers = 4\nstrangers_per_uid = 5", "3: limits.strangers_per_uid: 5 is more than strangers allows (4); lower it or raise strangers"),
        ("[admin]\nallow = [ {} ]", "2: admin.allow[0]: must name a user, a group or a unit"),
        ("[admin]\nallow = [ { user = \"alice\", scopes = [] } ]", "2: admin.allow[0].scopes: unknown key; here are known: group, unit, user"),
        (
            "[admin]\nallow = [ { unit = \"*.service\" } ]",
            "2: admin.allow[0].unit: \"*.service\" is every service of this machine; add a user to the entry, or name another unit"
        ),
        ("[audit]\nrequired = 1", "2: audit.required: must be true or false, not a number"),
        ("[ready]\npolicy = \"now\"", "2: ready.policy: must be \"sockets\" or \"first-tokens\", not \"now\""),
        ("credentials = \"portal.sync\"", "1: credentials: must be a table, not a string"),
        ("[credentials]\nid = \"portal.sync\"", "2: credentials.id: there is no token \"portal.sync\"; add it to apps.d or remove the line"),
        ("[credentials]\nid = \"portal\"", "2: credentials.id: must be the name of a token, \"application.token\", not \"portal\""),
        ("[credentials]\nid = 1", "2: credentials.id: must be a string, not a number"),
        ("[credentials]\nportal.sync = \"a.b\"", "2: credentials.portal: must be a string, not a table"),
        (
            "[credentials]\n\"a/b\" = \"portal.sync\"",
            "2: credentials.\"a/b\": systemd takes no such id for a credential: printable ASCII without \"/\" and \":\", at most 255; rename it"
        ),
        (
            "[store]\nkey = \"x\"",
            "2: store.key: must not be written into the configuration; write key = { credential = \"name\" } or key = { file = \"/path\" }, and make another key: it was readable here"
        ),
        ("[store]\nkey = {}", "2: store.key: must name a credential or a file, one of the two; write key = "),
        ("[store]\nkey = { file = \"key\" }", "2: store.key.file: must be an absolute path"),
        ("[store]\nkey = { credential = \"none\" }", "2: store.key.credential: there is no credential \"none\"; make it with "),
        (
            "[store]\nkey = { credential = \"portal-secret\" }",
            "2: store.key.credential: holds no key: 32 bytes, or 32 bytes as hex or base64; \"openssl rand -base64 32\" makes one"
        ),
        ("[store]\nkeys = 1", "2: store.keys: unknown key; did you mean \"key\"?"),
        ("[audi]\n", "1: audi: unknown key; did you mean \"audit\"?"),
        ("audit.required = true\naudit = 1", "2: not valid TOML here: audit is there already, from line 1 on, and cannot be added to; keep one of the two"),
    ])
    func `each fault is told with its line, key and remedy`(text: String, problem: String) throws {
        let house = try ConfigurationHouse()
        try house.write("tokend.toml", text)
        let found = house.problems()
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("tokend.toml:" + problem) == true, "\(found)")
        #expect(house.read().configuration == nil)
    }

    @Test func `everything that can be set is set`() throws {
        let house = try ConfigurationHouse()
        let key = try house.write("../key", String(repeating: "k", count: 32) + "\n", mode: 0o600)
        try house.write(
            "tokend.toml",
            """
            audit.required = true
            ready = { policy = "first-tokens" }

            [admin]
            allow = [ { group = "adm" }, { user = "alice", unit = "*.service" } ]

            [limits]
            connections = 1000
            per_uid = 100
            strangers = 20
            strangers_per_uid = 2
            pipelined = 8
            waiting_output = 8192
            buffers = 2_097_152
            idle = 60
            stranger_idle = 5
            stalled = 3
            members_per_group = 32

            [store]
            key = { file = "\(key)" }
            """)
        var wanted = Configuration()
        wanted.auditRequired = true
        wanted.readiness = .firstTokens
        wanted.subordinates = ConfigurationHouse.names.subordinates()
        wanted.admins = [
            PeerPattern(group: NamedID(name: "adm", id: 4)),
            PeerPattern(user: NamedID(name: "alice", id: 1000), unit: UnitPattern("*.service")),
        ]
        wanted.limits.connections = 1000
        wanted.limits.connectionsPerUID = 100
        wanted.limits.strangers = 20
        wanted.limits.strangersPerUID = 2
        wanted.limits.pipelined = 8
        wanted.limits.waitingOutput = 8192
        wanted.limits.buffers = 2 << 20
        wanted.limits.idle = 60
        wanted.limits.strangerIdle = 5
        wanted.limits.stalled = 3
        wanted.limits.membersPerGroup = 32
        wanted.storeKey = Secret(String(repeating: "k", count: 32))
        #expect(house.problems() == [])
        #expect(house.read().configuration == wanted)
    }
}
