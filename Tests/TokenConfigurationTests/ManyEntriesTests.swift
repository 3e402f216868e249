import Synchronization
import Testing
import TokenLedger
@testable import TokenConfiguration

/// What a large file costs is counted, not timed.
struct ManyEntriesTests {
    /// Counts how often two were compared.
    private final class Tally: Sendable {
        let comparisons = Atomic<Int>(0)
    }

    private struct Counted: Hashable {
        let text: String
        let tally: Tally

        static func == (a: Counted, b: Counted) -> Bool {
            a.tally.comparisons.add(1, ordering: .relaxed)
            return a.text == b.text
        }

        func hash(into hasher: inout Hasher) { hasher.combine(text) }
    }

    private static func table(_ text: String) throws -> (TableReader, ProblemList) {
        let problems = ProblemList()
        return (try #require(TableReader(try TOMLDocument(text, file: "x.toml").root, problems)), problems)
    }

    @Test func `repeats are looked for in a list of 10,000 without comparing each with each`() throws {
        let number = 10_000
        let (table, problems) = try Self.table("a = [ " + (0..<number).map { "\"scope-\($0)\", " }.joined() + "\"scope-17\" ]")
        let tally = Tally()
        let list = table.list("a") { (node) throws(Complaint) in Counted(text: try node.text(), tally: tally) }
        #expect(list == nil)
        #expect(problems.problems.map(\.description) == ["x.toml:1: a[10000]: is listed twice"])
        // a set compares what lies at the same place; each with each would be fifty million
        #expect((1...10 * number).contains(tally.comparisons.load(ordering: .relaxed)))
    }

    @Test func `10,000 keys and as many problems are all told`() throws {
        let number = 10_000
        let (table, problems) = try Self.table((0..<number).map { "key-\($0) = 1\n" }.joined())
        #expect(table.everyNode().count == number)
        for (_, node) in table.everyNode() {
            problems.warning("is odd", at: node.place)
            #expect(!problems.hasErrors)
        }
        problems.error("is wrong", at: table.place)
        #expect(problems.hasErrors && problems.problems.count == number + 1)
    }
}
