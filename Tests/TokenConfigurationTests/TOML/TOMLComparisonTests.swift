import Glibc
import TestSupport
import Testing
@testable import TokenConfiguration

/// What Python's tomllib (TOML 1.0) makes of thousands of texts is what this reader makes of them, refusals included.
struct TOMLComparisonTests {
    @Test func `each generated text is read, or refused, as tomllib does`() throws {
        var texts = TOMLTexts(seed: 20_270_301)
        let documents = (0..<12_000).map { _ in texts.next() }
        let verdicts = try Self.tomllib(documents)
        try #require(verdicts.count == documents.count)
        var good = 0
        for (document, verdict) in zip(documents, verdicts) {
            let ours = (try? TOMLDocument(document, file: "x.toml").root).map(Self.shown) ?? "refused"
            #expect(ours == verdict, "\(document.debugDescription)")
            good += ours == "refused" ? 0 : 1
        }
        // neither side of the question is left unasked
        #expect((documents.count / 5...documents.count * 4 / 5).contains(good), "\(good)")
    }

    private static func shown(_ node: ConfigurationNode) -> String {
        switch node.content {
        case .string(let text): "\"" + hex(text)
        case .integer(let number): "\(number)"
        case .boolean(let flag): flag ? "true" : "false"
        case .moment(let seconds): "moment \(seconds)"
        case .other(let kind): kind
        case .array(let items): "[" + items.map(shown).joined(separator: ",") + "]"
        case .table(let entries): "{" + entries.map { hex($0) + "=" + shown($1) }.sorted().joined(separator: ",") + "}"
        }
    }

    private static func hex(_ text: String) -> String { text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

    private static func tomllib(_ documents: [String]) throws -> [String] {
        let folder = try TemporaryFolder()
        try write(documents.map(hex).joined(separator: "\n"), folder.path("texts"))
        try write(program, folder.path("program.py"))
        try #require(system("python3 \(folder.path("program.py")) < \(folder.path("texts")) > \(folder.path("verdicts"))") == 0)
        return try OpenedFile(folder.path("verdicts"), followsLinks: false).text().split(separator: "\n").map(String.init)
    }

    private static func write(_ text: String, _ path: String) throws {
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
    }

    private static let program = """
        import datetime, sys, tomllib

        def hexed(text):
            return text.encode().hex()

        def shown(value):
            match value:
                case bool(): return str(value).lower()
                case int(): return str(value)
                case float(): return "a number with a fraction"
                case str(): return '"' + hexed(value)
                case list(): return "[" + ",".join(map(shown, value)) + "]"
                case dict(): return "{" + ",".join(sorted(hexed(key) + "=" + shown(item) for key, item in value.items())) + "}"
                case datetime.datetime(tzinfo=None): return "a date with a time and no zone"
                case datetime.datetime(): return "moment %d" % value.replace(microsecond=0).timestamp()
                case datetime.date(): return "a date"
                case datetime.time(): return "a time"

        for line in sys.stdin:
            try:
                print(shown(tomllib.loads(bytes.fromhex(line).decode())))
            except tomllib.TOMLDecodeError:
                print("refused")
        """
}

/// Texts that are TOML, or nearly: lines that may or may not fit together, and some that somebody's finger slipped on.
private struct TOMLTexts {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> String {
        var text = (0..<1 + below(6)).map { _ in line() }.joined(separator: pick(["\n", "\n", "\n", "\r\n", "\n# x\n\n"]))
        if below(3) == 0 { slip(&text) }
        return text
    }

    private mutating func below(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(bound))
    }

    private mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

    private mutating func line() -> String {
        switch below(8) {
        case 0, 1: "[\(key())]"
        case 2: "[[\(key())]]"
        case _: "\(key()) = \(value(3))"
        }
    }

    private mutating func key() -> String {
        let parts = (0..<1 + below(3)).map { _ in pick(["a", "b", "c", "d", "\"a\"", "'b'", "\"\"", "\"\\u0061\"", "1", "-"]) }
        return parts.joined(separator: pick([".", ".", ".", " . "]))
    }

    private mutating func value(_ depth: Int) -> String {
        switch below(depth > 0 ? 9 : 7) {
        case 0, 1: pick(Self.strings)
        case 2: pick(Self.numbers)
        case 3: pick(Self.dates)
        case 4, 5, 6: pick(["1", "true", "false", "'x'", "0x1f", "\"y\""])
        case 7:
            "[" + pick(["", " ", "\n", " # ]\n"]) + (0..<below(4)).map { _ in value(depth - 1) }.joined(separator: pick([",", ", ", " ,\n"]))
                + pick(["]", ", ]", "\n]"])
        case _: "{" + (0..<below(4)).map { _ in "\(key()) = \(value(depth - 1))" }.joined(separator: ", ") + pick(["}", " }"])
        }
    }

    /// One character is lost, doubled, or becomes another.
    private mutating func slip(_ text: inout String) {
        var scalars = Array(text.unicodeScalars)
        guard !scalars.isEmpty else { return }
        for _ in 0..<1 + below(2) where !scalars.isEmpty {
            let place = below(scalars.count)
            let other = pick(Array("\"'\\[]{}=.,#_-+:0159aeuTZ \t\n\r\u{1}\u{7F}\u{E9}".unicodeScalars))
            switch below(3) {
            case 0: scalars.remove(at: place)
            case 1: scalars.insert(other, at: place)
            case _: scalars[place] = other
            }
        }
        text = String(String.UnicodeScalarView(scalars))
    }

    private static let strings = [
        "\"\"", "''", "\"a\\tb\\\\\"", "\"\\u00e9\\U0001F600\"", "'c:\\x'", "\"\"\"\nx\n\"\" y\"\"\"", "\"\"\"x \\\n   y\\\"\"\"\"\"", "'''\nx'' y'''",
        "\"\"\"\"\"\"", "''''''", "\"é # x\"",
        "\"\"\"a\\\n\n \tb\"\"\"\"\"", "'''a'''''",
    ]
    private static let numbers = [
        "0", "-0", "+12", "1_000", "0xDEAD_beef", "0o755", "0b1101", "1.5", "-1e6", "6.6e-34", "1_0.2_5", "inf", "-nan", "01", "1.", "1__0",
    ]
    private static let dates = [
        "2027-03-01", "2024-02-29", "07:32:00", "07:32:00.125", "2027-03-01T07:32:00", "2027-03-01 07:32:00Z", "2027-03-01T07:32:00.5-07:00", "2027-02-29",
    ]
}
