import FoundationEssentials
import Testing

/// What the program leaves to its unit file.
@Suite struct UnitFileTests {
    private static let repository = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()

    @Test(arguments: ["LimitCORE=0", "MemorySwapMax=0", "LimitMEMLOCK=8M"]) func `SEC-04 no secret of the service gets into a core image or swap`(
        _ line: String
    ) throws {
        let unit = try String(contentsOfFile: Self.repository + "/systemd/tokend.service", encoding: .utf8)
        #expect(unit.split(separator: "\n").contains { $0 == line })
    }
}
