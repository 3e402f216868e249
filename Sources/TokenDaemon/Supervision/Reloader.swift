internal import Systemd
internal import Threads
internal import TokenConfiguration
internal import TokenLedger
internal import TokenWire

/// Reads the configuration for a start, before there is a loop: on a thread of its own all the same, whose memory goes back.
func readConfigurationForStart(at directory: String) -> ConfigurationReading {
    WorkThread.result { readConfiguration(at: directory, secrets: .ofThisProcess) }
}

/// Reads the configuration anew, off the loop: files and user databases may be slow. One reading at a time.
final class Reloader {
    private let directory: String
    private let secrets: SecretSources
    private let thread: WorkThread
    private let mailbox: Mailbox<ConfigurationReading>
    private var waiting: [(ConfigurationReading) -> Void] = []
    private var end: LoopTimer?

    init(directory: String, secrets: SecretSources, loop: Loop, thread: WorkThread = WorkThread(name: "configuration")) throws(SystemError) {
        self.directory = directory
        self.secrets = secrets
        self.thread = thread
        mailbox = try .forLoop()
        end = try loop.timer { ThisProcess.releaseStartupMemory() }
        try mailbox.open(on: loop) { [unowned self] reading in
            // the readings come in the order they were asked for: a shared one might be older than what its caller changed
            if !waiting.isEmpty { waiting.removeFirst()(reading) }
            // in a later turn, when nobody has the reading any more
            end?.set(at: loop.now)
        }
    }

    /// Each asker gets a reading that begins after it asked: of everything, or of the file of one application.
    func read(application: String? = nil, _ answer: @escaping (ConfigurationReading) -> Void) {
        waiting.append(answer)
        do throws(SystemCallFailure) {
            try thread.perform { [directory, secrets, mailbox] in
                mailbox.send(
                    application.map { readApplication($0, at: directory, secrets: secrets) } ?? readConfiguration(at: directory, secrets: secrets))
            }
        } catch {
            mailbox.send(ConfigurationReading(unread: directory, "was not read (\(SystemError("cannot start a thread", errno: error.errno))); try again"))
        }
    }
}
