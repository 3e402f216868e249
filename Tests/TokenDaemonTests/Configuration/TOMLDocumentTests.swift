import Glibc
import Testing
@testable import TokenDaemon

nonisolated struct TOMLDocumentTests {
    private func problem(_ text: String) -> String? {
        do {
            _ = try TOMLDocument(text, file: "x.toml")
            return nil
        } catch {
            return error.description
        }
    }

    @Test(arguments: [
        ("a = 1\nb = \n", "x.toml:2: not valid TOML here: "), ("a = 1\na = 2\n", "x.toml:2: not valid TOML here: cannot redefine existing integer 'a'"),
        ("[t]\n\n[t]\n", "x.toml:3: not valid TOML here: cannot redefine existing table 't'"), ("a = [1\n", "x.toml:"),
        ("a", "x.toml:1: not valid TOML here: "),
        ("a = \"x\u{0}\"\nb = 1", "x.toml:1: has a NUL character; remove it"), ("\n\"a\\u0000\" = 1", "x.toml:2: has a NUL character; remove it"),
        (String(repeating: "a = [", count: 1) + String(repeating: "[", count: 100_000), "x.toml:1: not valid TOML here: "),
    ])
    func `a syntax error is told with its line`(text: String, problem: String) {
        #expect(self.problem(text)?.hasPrefix(problem) == true, "\(self.problem(text) ?? "none")")
    }

    @Test(arguments: [
        "secret = thunter2", "secret = fhunter2", "secret = ihunter2", "secret = nhunter2", "secret = hunter2", "secret = 1hunter2", "secret = \"hunter2",
        "secret = 'hunter2", "secret hunter2", "secret = truehunter2", "secret = 0xhunter2", "secret = true2hunter2", "secret = infhunter2",
        "secret = 2027-hunter2", "= hunter2", "hunter2",
    ])
    func `LOG-01 a syntax error does not repeat what was written`(text: String) throws {
        let told = try #require(problem(text))
        #expect(!told.contains("hu"), "\(told)")
        #expect(!told.contains("saw"), "\(told)")
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
