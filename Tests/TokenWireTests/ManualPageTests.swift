import FoundationEssentials
import Testing
@testable import TokenWire

/// `tokend-protocol(7)` lists what a caller may write and hear: `.It Ic VERB`, `.It Cm key` and `.It Er code Pq exit status`.
@Suite struct `The manual page of the protocol` {
    let items: [[String]]

    init() throws {
        let page = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/systemd/man/tokend-protocol.7"
        let lines = try String(contentsOfFile: page, encoding: .utf8).split(separator: "\n")
        items = lines.filter { $0.hasPrefix(".It ") }.map { $0.split(separator: " ").dropFirst().map(String.init) }
    }

    /// The first words of the items of one kind.
    private func named(by macro: String) -> [String] { items.filter { $0.first == macro && $0.count > 1 }.map { $0[1] } }

    @Test func `it has every verb once, and no others`() {
        #expect(named(by: "Ic").sorted() == Verb.allCases.map(\.rawValue).sorted())
    }

    @Test func `it has every key once, and no others`() {
        #expect(named(by: "Cm").sorted() == Key.allCases.map { "\($0.name)" }.sorted())
    }

    @Test func `it has every code once, with what tokenctl exits with, and no others`() {
        let written = items.filter { $0.first == "Er" }.map { $0.dropFirst().joined(separator: " ") }
        #expect(written.sorted() == RefusalCode.allCases.map { "\($0.rawValue) Pq \($0.exitStatus)" }.sorted())
    }
}
