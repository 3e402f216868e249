/// Something in the configuration that an administrator should change: where it stands, what is wrong, and the remedy.
package struct ConfigurationProblem: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Severity: Hashable, Sendable {
        /// the configuration is not used
        case error
        /// used, but hardly as it was meant
        case warning
    }
    /// Path of the file or folder.
    package var file: String
    /// Counted from 1; `nil` when the whole file is meant.
    package var line: Int?
    /// Dotted, array items in brackets counted from 0: `token.sync.allow[1].user`.
    package var key: String?
    /// Never holds a secret.
    package var text: String
    package var severity: Severity

    package init(file: String, line: Int? = nil, key: String? = nil, text: String, severity: Severity = .error) {
        self.file = file
        self.line = line
        self.key = key
        self.text = text
        self.severity = severity
    }

    /// `/etc/tokend/apps.d/portal.toml:14: token.sync.scopez: unknown key; did you mean "scopes"?`
    package var description: String {
        let place = file + (line.map { ":\($0)" } ?? "")
        return [place, severity == .warning ? "warning" : nil, key, text].compactMap(\.self).joined(separator: ": ")
    }
}

extension ConfigurationProblem: Comparable {
    /// By file, then from its first line to its last.
    package static func < (a: ConfigurationProblem, b: ConfigurationProblem) -> Bool {
        (a.file, a.line ?? 0, a.key ?? "", a.text) < (b.file, b.line ?? 0, b.key ?? "", b.text)
    }
}
