import Glibc
import Systemd
import TestSupport
import Testing
import Threads
import TokenConfiguration
import TokenLedger

@testable import TokenDaemon

@Suite struct ReloaderTests {
    @Test func `each asker gets a reading that began after it asked, in their order`() throws {
        let files = try ConfigurationFiles()
        let house = try SessionHouse()
        let reloader = try Reloader(directory: files.root, secrets: files.secrets, loop: house.loop)
        var readings: [(asker: Int, reading: ConfigurationReading)] = []
        try files.write("tokend.toml", "[limits]\nconnections = 100\n")
        reloader.read { readings.append((1, $0)) }
        reloader.read { readings.append((2, $0)) }
        try house.turn { readings.count == 2 }
        #expect(readings.map(\.asker) == [1, 2])
        #expect(readings[0].reading.configuration?.limits.connections == 100)
        try files.write("tokend.toml", "[limits]\nconnections = 200\n")
        reloader.read { readings.append((3, $0)) }
        try house.turn { readings.count == 3 }
        #expect(readings[2].reading.configuration?.limits.connections == 200)
    }

    @Test func `one application alone is read for its secrets, and is no configuration`() throws {
        let files = try ConfigurationFiles()
        let house = try SessionHouse()
        try files.write("tokend.toml", "nonsense = 1\n")
        try files.write(
            "apps.d/portal.toml",
            """
            issuer = "https://id.example.com"
            [client]
            id = "app"
            secret = { credential = "portal-secret" }
            [token.sync]
            grant = "client_credentials"
            allow = [ { user = "alice" } ]
            """)
        let reloader = try Reloader(directory: files.root, secrets: files.secrets, loop: house.loop)
        var reading: ConfigurationReading?
        reloader.read(application: "portal") { reading = $0 }
        try house.turn { reading != nil }
        #expect(reading?.configuration == nil && reading?.problems.contains { "\($0)".contains("nonsense") } == false)
        #expect(reading?.draft.applications.keys.sorted() == ["portal"])
    }

    @Test func `without a thread nothing is read on the loop, and the asker hears why`() throws {
        let files = try ConfigurationFiles()
        let house = try SessionHouse()
        let thread = WorkThread(name: "configuration") { _ throws(SystemCallFailure) in throw SystemCallFailure(errno: EAGAIN) }
        let reloader = try Reloader(directory: files.root, secrets: files.secrets, loop: house.loop, thread: thread)
        var reading: ConfigurationReading?
        reloader.read { reading = $0 }
        #expect(reading == nil)
        try house.turn { reading != nil }
        #expect(reading?.configuration == nil)
        #expect(
            reading?.problems.map { "\($0)" } == [
                "\(files.root): was not read (cannot start a thread: resource temporarily unavailable); try again"
            ])
    }
}
