internal import FoundationEssentials

/// A manual page of `systemd/man` and its definition lists: a term on a line of its own, then ": " and its text.
package struct ManualPage {
    package struct Item {
        package let term: String
        /// The first line of the definition.
        package let text: String

        /// The texts in backticks in the term.
        package var literals: [String] {
            term.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
        }
    }

    package let text: String
    private var lists: [String: [Item]] = [:]

    package init(_ name: String) throws {
        text = try String(contentsOfFile: ManualPage.folder + name, encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var heading = ""
        for (line, next) in zip(lines, lines.dropFirst()) {
            if line.hasPrefix("#") { heading = String(line.drop { $0 == "#" || $0 == " " }) }
            if next.hasPrefix(": ") { lists[heading, default: []].append(Item(term: String(line), text: String(next.dropFirst(2)))) }
        }
    }

    /// In the order of the page; empty if there is no such heading.
    package func items(under heading: String) -> [Item] { lists[heading] ?? [] }

    /// The literals of all terms under a heading.
    package func terms(under heading: String) -> [String] { items(under: heading).flatMap(\.literals) }

    private static let folder = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/systemd/man/"
}
