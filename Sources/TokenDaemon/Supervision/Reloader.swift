internal import Systemd
internal import TokenLedger
internal import TokenWire

/// Reads the configuration anew, off the loop: files and user databases may be slow. One reading at a time.
final class Reloader {
    private let directory: String
    private let secrets: SecretSources
    private let thread = WorkThread(name: "configuration")
    private let mailbox: Mailbox<ConfigurationReading>
    private var waiting: [(ConfigurationReading) -> Void] = []

    init(directory: String, secrets: SecretSources, loop: Loop) throws(SystemError) {
        self.directory = directory
        self.secrets = secrets
        mailbox = try Mailbox()
        try mailbox.open(on: loop) { [unowned self] reading in
            let asked = waiting
            waiting = []
            for answer in asked { answer(reading) }
        }
    }

    /// Whoever asks while a reading is under way gets the one that begins after it was asked for.
    func read(_ answer: @escaping (ConfigurationReading) -> Void) {
        waiting.append(answer)
        thread.perform { [directory, secrets, mailbox] in
            mailbox.send(readConfiguration(at: directory, secrets: secrets))
        }
    }
}
