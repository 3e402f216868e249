import FoundationEssentials
import Testing

@testable import TokenDaemon

@Suite struct CredentialListenerTests {
    private static let repository = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()

    @Test func `systemd may keep every connection there can be, and the memories`() throws {
        let unit = try String(contentsOfFile: Self.repository + "/systemd/tokend.service", encoding: .utf8)
        let line = try #require(unit.split(separator: "\n").first { $0.hasPrefix("FileDescriptorStoreMax=") })
        let most = try #require(Int(line.dropFirst("FileDescriptorStoreMax=".count)))
        #expect(most >= CredentialListener.most + 8)
    }
}
