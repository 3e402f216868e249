import Testing
@testable import TokenConfiguration

struct CheckReportTests {
    private func reading(_ problems: [ConfigurationProblem], applications: Int = 2, tokens: Int = 1) -> ConfigurationReading {
        ConfigurationReading(
            configuration: nil, problems: problems, directory: "/etc/tokend", applicationCount: applications, tokenCount: tokens)
    }

    @Test func `problems come by file and line, then one line says how it stands`() {
        let report = checkReport(
            reading([
                ConfigurationProblem(file: "/etc/tokend/tokend.toml", line: 2, key: "limits.idle", text: "z"),
                ConfigurationProblem(file: "/etc/tokend/apps.d/b.toml", line: 10, key: "k", text: "y"),
                ConfigurationProblem(file: "/etc/tokend/apps.d/b.toml", line: 9, key: "k", text: "x", severity: .warning),
                ConfigurationProblem(file: "/etc/tokend/apps.d/b.toml", text: "w"),
            ]))
        #expect(
            report.lines == [
                "/etc/tokend/apps.d/b.toml: w",
                "/etc/tokend/apps.d/b.toml:9: warning: k: x",
                "/etc/tokend/apps.d/b.toml:10: k: y",
                "/etc/tokend/tokend.toml:2: limits.idle: z",
                "/etc/tokend: 2 applications, 1 token, 3 errors, 1 warning",
            ])
        #expect(report.exitStatus == 78)
    }

    @Test func `warnings alone are no failure`() {
        let report = checkReport(reading([ConfigurationProblem(file: "f", text: "t", severity: .warning)], applications: 1, tokens: 0))
        #expect(report.lines.last == "/etc/tokend: 1 application, 0 tokens, 0 errors, 1 warning")
        #expect(report.exitStatus == 0)
    }

    @Test func `a problem is one line with file, line, key and remedy`() {
        let problem = ConfigurationProblem(
            file: "/etc/tokend/apps.d/portal.toml", line: 14, key: "token.sync.scopez", text: "unknown key; did you mean \"scopes\"?")
        #expect(problem.description == "/etc/tokend/apps.d/portal.toml:14: token.sync.scopez: unknown key; did you mean \"scopes\"?")
    }

    @Test func `the real thing is counted`() throws {
        let house = try ConfigurationHouse()
        try house.write("apps.d/a.toml", "erpnet = \"https://a.example.com\"\nclient.id = \"a\"\n[token.a]\n[token.b]\n")
        try house.write("apps.d/b.toml", "[")
        let report = checkReport(house.read())
        #expect(report.lines.last == "\(house.root): 2 applications, 2 tokens, 3 errors, 2 warnings")
        #expect(report.exitStatus == 78)
    }
}
