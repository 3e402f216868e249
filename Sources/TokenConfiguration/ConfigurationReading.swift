package import OAuth
package import TokenLedger
internal import TokenWire

/// The configuration cannot be used. The report says why, a line for each problem with its remedy.
package struct ConfigurationRefused: Error {
    package var report: [String]

    package init(report: [String]) { self.report = report }
}

/// What came of reading a configuration folder.
package struct ConfigurationReading: Sendable {
    /// `nil` if any problem is an error, or if a credential was passed over (`SecretSources.offline`): nothing is half applied.
    package var configuration: Configuration?
    /// Sorted by file and line.
    package var problems: [ConfigurationProblem]
    /// The folder, and how much was found in it, good or bad.
    package var directory: String
    package var applicationCount: Int
    package var tokenCount: Int
    /// Credentials that were not looked at because only systemd can hand them over.
    package var passedOver: [PassedCredential] = []
    /// Every server that is named well, by application, and all that could be read of the rest, whole or not: for looking, not for use.
    package var servers: [String: ServerSettings] = [:]
    package var draft = Configuration()

    package var hasErrors: Bool { problems.contains { $0.severity == .error } }
}

extension ConfigurationReading {
    /// Of a folder that could not be read at all.
    package init(unread directory: String, _ text: String) {
        self.init(configuration: nil, problems: [ConfigurationProblem(file: directory, text: text)], directory: directory, applicationCount: 0, tokenCount: 0)
    }

    /// Whom the daemon connects to as it is configured: names, or addresses without brackets, in order.
    package var hosts: [String] {
        var hosts: Set<String> = []
        for (application, server) in servers {
            let probes = draft.tokens.values.filter { $0.name.application == application }.compactMap { token -> String? in
                guard case .reference(let reference) = token.grant, case .api(let address)? = reference.probe?.way else { return nil }
                return address
            }
            hosts.formUnion(server.hosts(apis: probes))
        }
        return hosts.sorted()
    }

    /// How to have credentials looked at that only systemd hands over; `nil` when there are none. Their files are encrypted for the
    /// machine, so that only a service can be given them.
    package func remedyForCredentials(at directory: String) -> String? {
        guard !passedOver.isEmpty else { return nil }
        let place = directory == DaemonOptions.defaultConfiguration ? "" : " --config \(directory)"
        return "credentials are handed to services alone; as root, this tries them too: systemd-run --quiet --pipe --wait --collect "
            + "-p User=tokend -p LoadCredentialEncrypted=secret:/etc/tokend/secrets.d tokend --check --online\(place)"
    }
}

/// A credential that was not looked at, and where it is asked for.
package struct PassedCredential: Hashable, Sendable {
    package var id: String
    package var file: String
    /// Dotted: `client.secret.credential`.
    package var key: String
}

/// What `tokend --check` prints, and its exit status: 0, or 78 (EX_CONFIG of sysexits.h) if there is an error.
package func checkReport(_ reading: ConfigurationReading) -> (lines: [String], exitStatus: Int32) {
    let errors = reading.problems.count { $0.severity == .error }
    let found = [
        counted(reading.applicationCount, "application"), counted(reading.tokenCount, "token"),
        counted(errors, "error"), counted(reading.problems.count - errors, "warning"),
    ].joined(separator: ", ")
    var summary = "\(reading.directory): \(found)"
    if !reading.passedOver.isEmpty {
        summary += "; \(counted(reading.passedOver.count, "credential")) not looked at: only the service has its credentials"
    }
    return (reading.problems.sorted().map(\.description) + [summary], errors == 0 ? 0 : 78)
}

func counted(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
