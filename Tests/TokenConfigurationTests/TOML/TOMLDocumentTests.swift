import Glibc
import Testing
@testable import TokenConfiguration

struct TOMLDocumentTests {
    private func problem(_ text: String) -> String? {
        do {
            _ = try TOMLDocument(text, file: "x.toml")
            return nil
        } catch {
            return error.description
        }
    }

    @Test(arguments: [
        ("a = 1\nb = \n", "2: this is no value; text goes between quotes, \"…\", and a number has digits only"),
        ("a", "1: a key is followed by \"=\" and a value, and here it is not"), ("= 1", "1: a key is missing"), ("a.", "1: a key is missing"),
        ("a = 1 b = 2", "1: the line should end here; put what follows on a line of its own"), ("a = \"\"\"\"\"\"\"\"\"", "1: the line should end here"),
        ("[t", "1: the header of a table is not closed; write [name]"), ("[[t]", "1: the header of a table is not closed; write [[name]]"),
        ("[t]\n\n[t]\n", "3: t is there already, from line 1 on, and cannot be added to; keep one of the two"),
        ("\n\na = [\n1\n", "5: the array that begins on line 3 is not closed"), ("a = [ 1 2 ]", "1: the array that begins on line 1 is not closed"),
        ("a = { b = 1\n}", "1: a table in braces needs \",\" between its pairs and \"}\" on the same line"), ("a = { b = 1, }", "1: a key is missing"),
        ("a = \"x\nb = 1", "1: a string is not closed; it ends with \" on the same line"), ("a = 'x\r\n", "1: a string is not closed; it ends with ' on"),
        ("a = '''\n\nb = 1", "3: the string that begins on line 1 is not closed; it ends with three quotes"),
        ("a = \"C:\\path\"", "1: there is no such escape; a backslash is written \\\\, or the string goes between apostrophes: '…'"),
        ("a = \"\\u12\"", "1: \\u takes the 4 hex digits of a character"), ("a = \"\\UD8000000\"", "1: \\U takes the 8 hex digits of a character"),
        ("a = \"\u{1}\"", "1: there is a control character; remove it, or write it as an escape such as \\u001B"),
        ("# \u{7F}", "1: there is a control character"), ("a = 'x\ry'", "1: there is a control character"),
        ("a = \"\"\"\n\u{0}\"\"\"", "2: there is a control character"), ("a = \"x\u{0}\"\nb = 1", "1: there is a control character"),
        ("\n\"a\\u0000\" = 1", "2: there is a NUL character; remove it"), ("a = \"\"\"\n\\U00000000\"\"\"", "2: there is a NUL character; remove it"),
        ("a = 9223372036854775808", "1: the number is beyond 64 bits"), ("a = 0xFFFFFFFFFFFFFFFF", "1: the number is beyond 64 bits"),
        ("a = " + String(repeating: "[", count: 100_000), "1: this lies more than 32 levels deep"),
        ("a = " + String(repeating: "{ a = ", count: 100_000), "1: this lies more than 32 levels deep"),
        ("a" + String(repeating: ".a", count: 100_000) + " = 1", "1: a key has more than 32 parts"),
        ("[a" + String(repeating: ".a", count: 100_000) + "]", "1: a key has more than 32 parts"),
    ])
    func `a syntax error is told with its line`(text: String, problem: String) {
        let told = self.problem(text) ?? "none"
        #expect(told.replacing("not valid TOML here: ", with: "").hasPrefix("x.toml:" + problem), "\(told)")
    }

    @Test(arguments: [
        "secret = thunter2", "secret = fhunter2", "secret = ihunter2", "secret = nhunter2", "secret = hunter2", "secret = 1hunter2", "secret = \"hunter2",
        "secret = 'hunter2", "secret hunter2", "secret = truehunter2", "secret = 0xhunter2", "secret = true2hunter2", "secret = infhunter2",
        "secret = 2027-hunter2", "= hunter2", "hunter2",
    ])
    func `LOG-01 a syntax error does not repeat what was written`(text: String) throws {
        let told = try #require(problem(text))
        #expect(!told.contains("hu"), "\(told)")
    }

    @Test func `bytes that are no UTF-8 are refused`() throws {
        let house = try ConfigurationHouse()
        try house.write("tokend.toml", "")
        let file = try #require(fopen(house.root + "/tokend.toml", "w"))
        fputs("a = \"", file)
        fputc(0xFF, file)
        fputs("\"", file)
        fclose(file)
        #expect(house.problems().count == 1)
        #expect(house.problems().first?.hasSuffix("is not UTF-8 text") == true)
    }

    @Test func `a syntax error in one file does not hide another file`() throws {
        let house = try ConfigurationHouse()
        try house.write("tokend.toml", "[")
        try house.write("apps.d/a.toml", "x = 1\nclient.id = \"a\"\nissuer = \"https://a.example.com\"\n[token]")
        let problems = house.problems()
        #expect(problems.count == 2)
        #expect(problems.first?.hasPrefix("a.toml:1: x: unknown key") == true)
        #expect(problems.last?.hasPrefix("tokend.toml:1: not valid TOML here: ") == true)
    }
}
