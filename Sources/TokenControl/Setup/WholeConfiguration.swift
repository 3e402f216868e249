internal import Glibc
internal import TokenWire

/// All that is configured in a folder, of which this command may write a part.
struct WholeConfiguration {
    let folder: String
    let terminal: Terminal

    /// How to have a folder checked: for the service, or for a daemon of whoever tries it out.
    static func checking(_ folder: String, isForTheService: Bool) -> [String] {
        ["tokend", "--config", folder, "--check"] + (isForTheService ? [] : ["--user", String(geteuid())])
    }

    private var checking: [String] { WholeConfiguration.checking(folder, isForTheService: folder == Setup.systemFolder) }

    /// Said before anything is touched.
    static let notInOrder = "the configuration is not in order as it is; mend it first. Nothing was changed"

    /// Fails with the sentence, after the problems, if the daemon would not start with it.
    func check(so sentence: String) throws(Failure) {
        guard access("\(folder)/apps.d", F_OK) == 0 else { return }
        let (output, result) = try ChildProcess.text(of: checking)
        guard result.status != 0 else { return }
        terminal.say(WholeConfiguration.plain(output + result.complaint))
        throw .notSetUp(sentence, 78)
    }

    /// Whom the daemon connects to; none where nothing is configured.
    func hosts() throws(Failure) -> [String] {
        guard access("\(folder)/apps.d", F_OK) == 0 else { return [] }
        let (output, result) = try ChildProcess.text(of: checking + ["--hosts"])
        guard result.status == 0 else { throw .notSetUp("tokend does not say whom it connects to", 78) }
        return output.split(separator: "\n").map(String.init)
    }

    /// What another program said, line by line.
    static func plain(_ text: String) -> String { text.split(separator: "\n").map { Quotation.plain(String($0)) }.joined(separator: "\n") }
}
