internal import TokenLedger

/// One TOML file as a tree of placed values: TOML 1.0, and nothing beside it but a NUL, which no value of ours may have.
struct TOMLDocument {
    let root: ConfigurationNode

    /// Throws the first syntax error; what stands behind it cannot be told from what it broke.
    init(_ text: String, file: String) throws(ConfigurationProblem) {
        var reader = TOMLReader(text, file: file)
        do {
            root = try reader.document()
        } catch {
            throw ConfigurationProblem(file: file, line: reader.line, text: "not valid TOML here: \(error.text)")
        }
    }
}
