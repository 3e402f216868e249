package import TokenLedger

/// What came of reading a configuration folder.
nonisolated package struct ConfigurationReading: Sendable {
    /// `nil` if any problem is an error, or if a credential was passed over (`SecretSources.offline`): nothing is half applied.
    package var configuration: Configuration?
    /// Sorted by file and line.
    package var problems: [ConfigurationProblem]
    /// The folder, and how much was found in it, good or bad.
    package var directory: String
    package var applicationCount: Int
    package var tokenCount: Int
    /// Credentials that were not looked at because only systemd can hand them over.
    package var credentialsPassedOver: Int

    package var hasErrors: Bool { problems.contains { $0.severity == .error } }
}

/// What `tokend --check` prints, and its exit status: 0, or 78 (EX_CONFIG of sysexits.h) if there is an error.
nonisolated package func checkReport(_ reading: ConfigurationReading) -> (lines: [String], exitStatus: Int32) {
    let errors = reading.problems.count { $0.severity == .error }
    let found = [
        counted(reading.applicationCount, "application"), counted(reading.tokenCount, "token"),
        counted(errors, "error"), counted(reading.problems.count - errors, "warning"),
    ].joined(separator: ", ")
    var summary = "\(reading.directory): \(found)"
    if reading.credentialsPassedOver > 0 {
        summary += "; \(counted(reading.credentialsPassedOver, "credential")) not looked at: only the service has its credentials"
    }
    return (reading.problems.sorted().map(\.description) + [summary], errors == 0 ? 0 : 78)
}

nonisolated private func counted(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
