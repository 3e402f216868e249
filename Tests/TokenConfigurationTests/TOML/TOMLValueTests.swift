import Testing
@testable import TokenConfiguration

struct TOMLValueTests {
    private func content(_ text: String) throws -> ConfigurationNode.Content? {
        guard case .table(let entries) = try TOMLDocument(text, file: "x.toml").root.content else { return nil }
        return entries["a"]?.content
    }

    private func isRefused(_ text: String) -> Bool { (try? TOMLDocument(text, file: "x.toml")) == nil }

    @Test(
        arguments: [
            (#"a = """#, ""), (#"a = ''"#, ""), (#"a = "x # y""#, "x # y"), (#"a = 'c:\x"#, nil), (#"a = 'c:\x'"#, #"c:\x"#), (#"a = 'x "y"'"#, #"x "y""#),
            (#"a = "\b\t\n\f\r\"\\""#, "\u{8}\t\n\u{C}\r\"\\"), (#"a = "\u00e9\U0001F600\u0001""#, "\u{E9}\u{1F600}\u{1}"), (#"a = "\uD800""#, nil),
            (#"a = "\U00110000""#, nil), (#"a = "\u00g0""#, nil), (#"a = "\u+123""#, nil), (#"a = "\x41""#, nil), (#"a = "\/""#, nil), (#"a = "\e""#, nil),
            ("a = \"tab\there\"", "tab\there"), ("a = \"\"\"\nx\ny\"\"\"", "x\ny"), ("a = \"\"\"\r\nx\r\ny\"\"\"", "x\ny"), ("a = \"\"\"\"\"\"", ""),
            ("a = ''''''", ""),
            ("a = \"\"\"\n\nx\"\"\"", "\nx"), ("a = \"\"\"x\"\"\"\"\"", "x\"\""), ("a = \"\"\"\"\"x\"\" \"\"\"", "\"\"x\"\" "), ("a = '''x''''", "x'"),
            ("a = '''x''''''", nil),
            ("a = \"\"\"x \\\n\t \n  y\"\"\"", "x y"), ("a = \"\"\"x\\  \n\n\"\"\"", "x"), ("a = \"\"\"x\\ y\"\"\"", nil), ("a = '''x\\\ny'''", "x\\\ny"),
            ("a = \"\"\"\\\"\\\"\\\"\"\"\"", "\"\"\""), ("a = \"x\\\ny\"", nil), ("a = \"x\ny\"", nil), ("a = 'x\ny'", nil),
            ("a = 'ü\u{10FFFF}'", "ü\u{10FFFF}"),
            ("a = \"x\u{7F}\"", nil), ("a = 'x\u{1F}'", nil), ("a = \"\"\"x\ry\"\"\"", nil), ("\u{FEFF}a = 'x'", "x"),
        ] as [(String, String?)])
    func `a string is what was meant`(text: String, meant: String?) throws {
        guard let meant else { return #expect(isRefused(text), "\(text)") }
        guard case .string(let found)? = try content(text) else { Issue.record("\(text)"); return }
        #expect(found.unicodeScalars.elementsEqual(meant.unicodeScalars), "\(text)")
    }

    @Test(
        arguments: [
            ("0", 0), ("+0", 0), ("-0", 0), ("42", 42), ("+42", 42), ("-17", -17), ("1_000", 1000), ("5_3_4", 534), ("0xDEAD_beef", 0xDEAD_BEEF),
            ("0o755", 0o755),
            ("0b1101_0010", 0b1101_0010), ("0x0", 0), ("0x00ff", 255), ("9223372036854775807", .max), ("-9223372036854775808", .min),
            ("01", nil), ("-01", nil), ("1__0", nil), ("_1", nil), ("1_", nil), ("0x", nil), ("0x_1", nil), ("0x1_", nil), ("+0x1", nil), ("-0b1", nil),
            ("0X1", nil),
            ("0o8", nil), ("0b2", nil), ("0xg", nil), ("1a", nil), ("+", nil), ("-", nil), ("--1", nil), ("", nil), ("٣", nil),
        ] as [(String, Int?)])
    func `a whole number is read in every notation`(word: String, number: Int?) throws {
        guard let number else { return #expect(isRefused("a = " + word), "\(word)") }
        guard case .integer(number)? = try content("a = \(word) # x") else { Issue.record("\(word)"); return }
    }

    @Test(
        arguments: [
            ("true", "true or false"), ("false", "true or false"), ("True", nil), ("truely", nil), ("tru", nil), ("null", nil), ("yes", nil),
            ("1.0", "a number with a fraction"), ("-0.0", "a number with a fraction"), ("+3.1415", "a number with a fraction"),
            ("5e+22", "a number with a fraction"),
            ("1e06", "a number with a fraction"), ("-2E-2", "a number with a fraction"), ("6.626e-34", "a number with a fraction"),
            ("224_617.445_991_228", "a number with a fraction"), ("1e1_0", "a number with a fraction"), ("0e0", "a number with a fraction"),
            ("inf", "a number with a fraction"), ("+inf", "a number with a fraction"), ("-nan", "a number with a fraction"), ("Inf", nil), ("infinity", nil),
            (".7", nil), ("7.", nil), ("3.e+20", nil), ("1.2.3", nil), ("01.5", nil), ("1._5", nil), ("1_.5", nil), ("1e", nil), ("1e1.5", nil), ("1e_1", nil),
            ("e1", nil),
            ("2027-03-01", "a date"), ("2024-02-29", "a date"), ("2000-02-29", "a date"), ("2023-02-29", nil), ("1900-02-29", nil), ("2027-13-01", nil),
            ("2027-00-01", nil), ("2027-04-31", nil), ("2027-3-1", nil), ("02027-03-01", nil), ("2027-03-00", nil),
            ("07:32:00", "a time"), ("23:59:59.999999999", "a time"), ("24:00:00", nil), ("07:60:00", nil), ("07:32:60", nil), ("07:32", nil), ("7:32:00", nil),
            ("07:32:00.", nil),
            ("07:32:00Z", nil),
            ("2027-03-01T00:00:00", "a date with a time and no zone"), ("2027-03-01 00:00:00.5", "a date with a time and no zone"),
            ("2027-03-01t00:00:00z", "a date with a time"),
            ("2027-03-01T00:00:00.5-07:00", "a date with a time"), ("2027-03-01 00:00:00+23:59", "a date with a time"), ("2027-03-01T00:00:00+24:00", nil),
            ("2027-03-01T00:00:00+0100", nil), ("2027-03-01T", nil), ("2027-03-01T00:00Z", nil), ("2027-03-01  00:00:00", nil), ("2027-03-01 00", nil),
            ("2027-02-30T00:00:00Z", nil), ("2027-03-01T00:00:00Z0", nil), ("[ 1, 2, ]", "an array"), ("[]", "an array"), ("[ # x ]\n\n1,\r\n]", "an array"),
            ("[ , ]", nil),
            ("[1,,2]", nil), ("[ 1, 'x', [ 2.5 ] ]", "an array"), ("{}", "a table"), ("{ b = 1, c.d = 'x' }", "a table"), ("{ b = 1 c = 2 }", nil),
            ("{ b = 1, b = 2 }", nil), ("{ , }", nil), ("{ # x\n}", nil), ("{ b = [ 1,\n2 ] }", "a table"), ("{ b = '''\n''' }", "a table"),
            ("[ { b = 1 }, { b = 2 } ]", "an array"),
        ] as [(String, String?)])
    func `a value is of the kind that it looks like`(word: String, kind: String?) throws {
        guard let kind else { return #expect(isRefused("a = " + word), "\(word)") }
        guard case .table(let entries) = try TOMLDocument("a = \(word) # x\n", file: "x.toml").root.content else { return }
        #expect(entries["a"]?.mustBe("").text.hasSuffix(", not " + kind) == true, "\(word)")
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2027-03-01 00:00:00.999z", 1_803_859_200), ("2027-03-01T02:00:00+02:00", 1_803_859_200),
        ("2027-02-28T18:30:00-05:30", 1_803_859_200), ("2024-02-29T23:59:59Z", 1_709_251_199), ("1969-12-31T23:59:59Z", -1),
    ])
    func `a date with time and zone is a moment`(word: String, seconds: Int64) throws {
        guard case .moment(let found)? = try content("a = \(word)") else { Issue.record("\(word)"); return }
        #expect(found == seconds)
    }

    @Test(arguments: [
        ("a.b = 1\na.c = 2", true), ("a.b = 1\na = 2", false), ("a = 1\na.b = 2", false), ("a = 1\n'a' = 2", false), ("a . b = 1\na.\"b\" = 2", false),
        ("a.b.c = 1\na.d = 2\na.b.e = 3", true), ("[a]\nb.c = 1\nb.d = 2", true), ("[a]\n[a]", false), ("[a.b]\n[a]", true), ("[a.b]\n[a]\n[a]", false),
        ("[a]\nb = 1\n[a.b]", false),
        ("[a]\nb.c = 1\n[a.b]", false), ("[a]\nb.c = 1\n[a.b.d]", true), ("[a.b.c]\n[a]\nb.c.d = 1", false), ("[a.b]\n[a]\nb.c = 1", false),
        ("[a.b.c]\n[a]\nb.d = 1", true),
        ("[a.b.c]\n[a]\nb.d = 1\n[a.b]", false), ("[[a]]\n[[a]]\nb = 1\n[a.c]\n[[a]]\n[a.c]", true), ("[[a]]\n[a]", false), ("[a]\n[[a]]", false),
        ("[a.b]\n[[a]]", false),
        ("a = []\n[[a]]", false), ("a = [ {} ]\n[a.b]", false), ("a = {}\n[a.b]", false), ("a = {}\na.b = 1", false), ("a = { b = {} }\n[a.b.c]", false),
        ("a = { b.c = 1, b.d = 2 }", true),
        ("a = { b = {}, b.c = 1 }", false), ("[[a]]\n[[a.b]]\n[[a.b]]\n[a.b.c]\n[a.b.c]", false), ("[[a.b]]\n[a]\nb.c = 1", false),
        ("[a.b]\nc = 1\n[a.d]\nc = 1", true),
        ("[a]\n[b]\n[a.c]", true), ("\"\" = 1", true), ("''.'' = 1", true), ("[]", false), ("[a.]", false), ("[.a]", false),
        ("[ a . 'b c' . \"d\" ] # x", true), ("[a] b = 1", false),
        ("[[a] ]", false), ("[ [a]]", false), ("a =\n1", false), ("a\n= 1", false), ("a = 1, b = 2", false), ("1 = 1\n-_ = 2\n3.14 = 3", true),
        ("ü = 1", false), ("\"ü\" = 1", true),
        ("\"\"\"a\"\"\" = 1", false), ("true = 1\ninf = 2", true), ("a = 1\r\nb = 2\r\n", true), ("a = 1\rb = 2", false), ("# x", true), ("", true),
        ("\t\n \r\n", true), ("# x\r", false),
    ])
    func `what has been defined is not defined again, and only what may be is added to`(text: String, isGood: Bool) {
        #expect(isRefused(text) != isGood, "\(text)")
    }

    @Test(arguments: [
        "[", "[[", "[a", "a", "a =", "a = [", "a = [1", "a = {", "a = { b", "a = { =", "a = \"", "a = \"\\", "a = \"\"\"\\", "a = '''", "= 1", "a = [}",
        "a = {]", "a = ]",
        "\"", "'", ".", "a.", "a = { , }", "\u{FEFF}", "a = 2027-03-01 ", "a = \"\\u12",
    ])
    func `any text comes to an end`(text: String) {
        for end in text.indices { _ = isRefused(String(text[..<end]) + "\nb = 1") }
        _ = isRefused(text)
    }
}
