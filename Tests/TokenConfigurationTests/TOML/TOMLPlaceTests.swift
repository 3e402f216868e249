import Testing
@testable import TokenConfiguration

struct TOMLPlaceTests {
    /// The line of every value, by its path as it is told.
    private func lines(_ node: ConfigurationNode) -> [String: Int] {
        var lines: [String: Int] = [:]
        if let key = node.place.key { lines[key] = node.place.line }
        let parts: [ConfigurationNode] =
            switch node.content {
            case .array(let items): items
            case .table(let entries): Array(entries.values)
            case .string, .integer, .boolean, .moment, .other: []
            }
        for part in parts { lines.merge(self.lines(part)) { _, _ in -1 } }
        return lines
    }

    @Test(arguments: [
        ("a = 1\nb = 2\n", ["a": 1, "b": 2]),
        ("\n# a = 1\n  b\t=\t2 # c = 3\n", ["b": 3]),
        ("[t]\na = 1\n[t.u]\nb = 2\n", ["t": 1, "t.a": 2, "t.u": 3, "t.u.b": 4]),
        ("[ t . u ] # here\nb = 2", ["t": 1, "t.u": 1, "t.u.b": 2]),
        ("a.b.c = 1\na.b.d = 2\n", ["a": 1, "a.b": 1, "a.b.c": 1, "a.b.d": 2]),
        ("[t.u]\na = 1\n[t]\nb = 1\n", ["t": 3, "t.u": 1, "t.u.a": 2, "t.b": 4]),
        ("a = { b = 1, c.d = { e = 2 } }\n", ["a": 1, "a.b": 1, "a.c": 1, "a.c.d": 1, "a.c.d.e": 1]),
        ("a = [ 1,\n 2,\n\n 3 ]\nb = 1", ["a": 1, "a[0]": 1, "a[1]": 2, "a[2]": 4, "b": 5]),
        ("a = [\n  { b = 1 }, # one ]\n  { b = 2, c = [ [\n 1 ] ] },\n]\n", ["a[0].b": 2, "a[1].b": 3, "a[1].c[0][0]": 4]),
        ("[[x]]\na = 1\n[[x]]\na = 2\n[x.y]\nb = 3\n", ["x": 1, "x[0]": 1, "x[0].a": 2, "x[1]": 3, "x[1].a": 4, "x[1].y": 5, "x[1].y.b": 6]),
        ("[[x]]\n[[x.y]]\na = 1\n[[x.y]]\n[[x]]\n[[x.y]]\na = 2", ["x[0].y[0].a": 3, "x[0].y[1]": 4, "x[1]": 5, "x[1].y[0].a": 7]),
        ("\"k\" = 1\n'l' = 2\n\"m\\u006E\\t\" = 3\n", ["k": 1, "l": 2, "\"mn%09\"": 3]),
        ("a = \"x # y\"\nb = 'c = \"1'\nd = \"\\\"\\\\\"\ne = \"\"\nf = ''\n", ["a": 1, "b": 2, "d": 3, "e": 4, "f": 5]),
        ("a = \"\"\"\nb = 1\n\"\" \\\"\"\"\"\nc = 2\n", ["a": 1, "c": 4]),
        ("a = '''\n[b]\n''''\nc = 2\n", ["a": 1, "c": 4]),
        ("a = \"\"\"x\"\"\"\"\"\nc = 2\n", ["a": 1, "c": 2]),
        ("a = \"\"\"\"\"\"\nc = 2\n", ["a": 1, "c": 2]),
        ("a = [ \"]\", '}' ]\nb = { c = \"}\" }\nd = 1", ["a": 1, "a[1]": 1, "b.c": 2, "d": 3]),
        ("a = 1\r\nb = 2\r\n[t]\r\nc = 3\r\n", ["a": 1, "b": 2, "t": 3, "t.c": 4]),
        ("\u{FEFF}a = 1\nb = 2027-03-01T00:00:00Z\nc = -1.5e3\n", ["a": 1, "b": 2, "c": 3]),
        ("a = 1 # x\n# \u{FC}\n\"\u{FC}\" = 2", ["a": 1, "\"%C3%BC\"": 3]),
    ])
    func `every key and item is found on its line`(text: String, lines: [String: Int]) throws {
        let found = self.lines(try TOMLDocument(text, file: "x.toml").root)
        for (key, line) in lines { #expect(found[key] == line, "\(key) in \(text)") }
    }

    @Test(arguments: [
        ("a = 1\n# b = 2\n", "b"), ("a = \"\"\"\nb = 2\n\"\"\"\n", "b"), ("a = 'b = 2'", "b"), ("[t]\na = 1", "a"), ("a = { b = 1 }", "b"),
        ("a = [ 1 ]", "a[1]"),
    ])
    func `what is no key has no line`(text: String, key: String) throws {
        #expect(lines(try TOMLDocument(text, file: "x.toml").root)[key] == nil)
    }

    @Test func `a path is written as an administrator would`() throws {
        let text = "[[token.sync.allow]]\n[[token.sync.allow]]\nuser = 1\n[token.\"a b\\n\"]\n"
        let paths = Set(lines(try TOMLDocument(text, file: "x.toml").root).keys)
        #expect(paths.isSuperset(of: ["token", "token.sync.allow", "token.sync.allow[0]", "token.sync.allow[1].user", "token.\"a b%0A\""]))
        #expect(paths.count == 7)
    }
}
