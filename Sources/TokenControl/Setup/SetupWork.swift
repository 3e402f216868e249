internal import CShims
internal import Glibc
internal import Secrets
internal import TokenWire

/// Tries a registration out, puts it in place, and brings the service to it.
final class SetupWork {
    private var registration: Registration
    private let secret: Secret?
    private let order: Setup
    private let terminal: Terminal
    private let files = PlacedFiles()

    init(_ registration: Registration, _ secret: Secret?, _ order: Setup, _ terminal: Terminal) {
        self.registration = registration
        self.secret = secret
        self.order = order
        self.terminal = terminal
    }

    func run() throws(Failure) {
        try refuseToOverwrite()
        try agree()
        // what is to be replaced may be what is wrong
        if !order.force { try checkWhole(so: WholeConfiguration.notInOrder) }
        let sealed = try sealed()
        try tryOut(sealed)
        try proceed(or: SetupQuestions.stopped)
        try place(sealed)
        if order.isForTheService {
            try bringIn()
            files.keep()
            try showState()
        } else {
            files.keep()
            terminal.say("to try it out: tokend --config \(order.folder) --state \(order.folder)/state --socket \(order.folder)/tokend.sock")
        }
    }

    // MARK: what is to be

    private var configurationPath: String { "\(order.folder)/apps.d/\(registration.application).toml" }

    private var secretPath: String {
        order.isForTheService ? "\(order.folder)/secrets.d/\(registration.application)" : "\(order.folder)/\(registration.application).secret"
    }

    private var text: String {
        guard secret != nil else { return registration.text(secret: .none) }
        return registration.text(secret: order.isForTheService ? .credential(registration.application) : .file(secretPath))
    }

    private func refuseToOverwrite() throws(Failure) {
        if order.isForTheService, geteuid() != 0 {
            throw .notSetUp("only root can set up \(order.folder); to try it out in a folder of yours: --config DIR", 77)
        }
        // before anybody is asked; the folders are opened anew to be written to
        for folder in [HeldFolder.parts(order.folder).folder, order.folder, "\(order.folder)/apps.d"] where access(folder, F_OK) == 0 {
            _ = try HeldFolder(folder)
        }
        for path in [configurationPath, secretPath] where access(path, F_OK) == 0 && !order.force {
            throw .notSetUp("\"\(path)\" is already there; --force replaces it, with all tokens in it. Nothing was changed", 73)
        }
    }

    /// Shows what is about to be written.
    private func agree() throws(Failure) {
        guard !order.yes else { return }
        guard terminal.isThere else { throw .unusable("there is no terminal to ask at whether this is right; --yes says so") }
        terminal.say("\n\(configurationPath):\n\n\(text)")
        guard terminal.confirms("try it out, and write it?", until: .distant) == true else { throw SetupQuestions.stopped }
    }

    /// The secret as its file holds it.
    private func sealed() throws(Failure) -> Secret? {
        guard let secret, order.isForTheService else { return secret }
        let sealed = SecretBuffer()
        let result = try ChildProcess.run(["systemd-creds", "encrypt", "--name=secret_\(registration.application)", "-", "-"], input: secret) {
            (bytes) throws(Failure) in
            sealed.append(bytes)
        }
        guard result.status == 0, sealed.count > 0 else {
            throw .notSetUp("systemd-creds could not encrypt the secret: \(SetupWork.lastLine(result.complaint)). Nothing was changed", 71)
        }
        return sealed.secret()
    }

    // MARK: trying it out

    /// The application alone, in a folder of its own: what is wrong with others is not its fault.
    private func tryOut(_ sealed: Secret?) throws(Failure) {
        let trial = try TrialFolder()
        var place = Registration.SecretPlace.none
        if let sealed {
            try trial.write(sealed, to: "secret", mode: 0o600)
            place = order.isForTheService ? .credential(registration.application) : .file(trial.path + "/secret")
        }
        let file = "apps.d/\(registration.application).toml"
        try trial.write(Secret(registration.text(secret: place)), to: file, mode: 0o644)
        let check = WholeConfiguration.checking(trial.path, isForTheService: order.isForTheService)
        try tell(try ChildProcess.text(of: check), in: trial, "the configuration is not right as it stands")
        guard !order.offline else { return }
        terminal.say("asking the identity server")
        let asking = asService(check + ["--online"], secret: sealed == nil ? nil : trial.path + "/secret")
        var answer = try ChildProcess.text(of: asking)
        if answer.result.status == 78, !SetupWork.isFound(answer), let other = registration.withOtherSlash {
            // an issuer is compared to the letter (OpenID Connect Discovery 1.0 section 4.3), and a final slash is easily lost or added
            try trial.write(Secret(other.text(secret: place)), to: file, mode: 0o644)
            let second = try ChildProcess.text(of: asking)
            if SetupWork.isFound(second) { (registration, answer) = (other, second) }
        }
        try tell(answer, in: trial, "the identity server does not take it")
    }

    /// Whether the check has found the metadata of the issuer, whatever came of the rest.
    private static func isFound(_ answer: (output: String, result: ChildProcess.Result)) -> Bool { answer.output.contains("names exactly the issuer") }

    /// With the secret that only systemd can open.
    private func asService(_ command: [String], secret: String?) -> [String] {
        guard order.isForTheService, let secret else { return command }
        return ["systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--property=LoadCredentialEncrypted=secret_\(registration.application):\(secret)"]
            + (LocalUser.uid(of: "tokend") == nil ? [] : ["--property=User=tokend"]) + SetupWork.found(command)
    }

    /// Passes on what a check says of the files as they are to be; its failure is ours.
    private func tell(_ answer: (output: String, result: ChildProcess.Result), in trial: TrialFolder, _ sentence: String) throws(Failure) {
        let (output, result) = answer
        try proceed(or: SetupQuestions.stopped)
        // its summary is about the trial folder
        let lines = (output + result.complaint).split(separator: "\n").filter { !$0.hasPrefix(trial.path + ":") }
        for line in lines { terminal.say(Quotation.plain(line.split(separator: trial.path, omittingEmptySubsequences: false).joined(separator: order.folder))) }
        guard result.status == 0 else { throw .notSetUp("\(sentence); nothing was changed", result.status == 75 ? 75 : 78) }
    }

    private func checkWhole(so sentence: String) throws(Failure) {
        try WholeConfiguration(folder: order.folder, terminal: terminal).check(so: sentence)
    }

    /// Fails if somebody has stopped it meanwhile.
    private func proceed(or failure: Failure) throws(Failure) {
        if isStopped { throw failure }
    }

    private var isStopped: Bool { terminal.vigil.wait(for: -1, until: Deadline(inSeconds: 0)) == .interrupted }

    // MARK: in place

    private func place(_ sealed: Secret?) throws(Failure) {
        let (parent, name) = try HeldFolder.split(order.folder)
        try parent.makeFolder(name, mode: 0o755)
        let folder = try HeldFolder(order.folder)
        try folder.makeFolder("apps.d", mode: 0o755)
        if order.isForTheService { try folder.makeFolder("secrets.d", mode: 0o700) }
        var isSecretRemoved = false
        try undoing { () throws(Failure) in
            if let sealed { try files.place(sealed, at: secretPath, mode: 0o600) } else { isSecretRemoved = try files.remove(secretPath) }
            try files.place(Secret(text), at: configurationPath, mode: 0o644)
            try checkWhole(so: "it does not go together with the rest of the configuration")
            try proceed(or: .notSetUp("stopped", 130))
        }
        if isSecretRemoved { terminal.say("removed: \(secretPath)") }
        terminal.say("written: \(([configurationPath] + (sealed == nil ? [] : [secretPath])).joined(separator: ", "))")
    }

    /// A credential is handed over at a start only. The sockets stay, and callers wait in their queues meanwhile.
    private func bringIn() throws(Failure) {
        try undoing { () throws(Failure) in
            var enabled: [String] = []
            for unit in ["tokend.socket", "tokend-credentials.socket"] where try status("is-enabled", "--quiet", unit) == 0 { enabled.append(unit) }
            let wasActive = try status("is-active", "--quiet", "tokend.socket") == 0
            let isOpen = wasActive ? true : try status("enable", "--now", "tokend.socket") == 0
            if isOpen, try status("restart", "tokend.service") == 0 { return }
            files.undo()
            if wasActive { _ = try status("restart", "tokend.service") } else { try close(enabled) }
            if isStopped { throw .notSetUp("stopped", 130) }
            guard isOpen else { throw .notSetUp("systemctl could not enable and start tokend.socket", 71) }
            throw .notSetUp("tokend does not start with it (journalctl -u tokend says why)", 78)
        }
    }

    /// What was opened for this is closed again; only those sockets stay enabled that were so before.
    private func close(_ enabled: [String]) throws(Failure) {
        _ = try status("stop", "tokend.socket", "tokend-credentials.socket", "tokend.service")
        _ = try status("disable", "tokend.socket")
        for unit in enabled { _ = try status("enable", unit) }
        // the first brings the other with it
        if !enabled.contains("tokend-credentials.socket") { _ = try status("disable", "tokend-credentials.socket") }
    }

    private func status(_ words: String...) throws(Failure) -> Int32 {
        let (_, result) = try ChildProcess.text(of: ["systemctl", "--no-ask-password"] + words)
        if result.status != 0, words.first?.hasPrefix("is-") == false { terminal.say(WholeConfiguration.plain(result.complaint)) }
        return result.status
    }

    /// What was put in place goes again if the body fails.
    private func undoing(_ body: () throws(Failure) -> Void) throws(Failure) {
        do throws(Failure) {
            try body()
        } catch {
            files.undo()
            throw .notSetUp("\(error.text); what was written is removed, and what was there before is back", error.status)
        }
    }

    private func showState() throws(Failure) {
        let name = registration.name.description
        let rows = try [TokenRow](.status(name: name), from: order.connection.socket)
        try StandardOutput.write(Status.table(rows, now: tokend_realtime() / 1_000_000_000).description)
        switch registration.grant {
        case .service: terminal.say("whom you allowed gets it with: tokenctl get \(name)")
        case .person: terminal.say("whom you allowed signs in with: tokenctl login \(name)")
        }
    }

    /// systemd-run wants a path.
    private static func found(_ command: [String]) -> [String] {
        let folders = (getenv("PATH").map { String(cString: $0) } ?? "/usr/sbin:/usr/bin").split(separator: ":")
        let paths: [String] = folders.map { "\($0)/\(command[0])" }
        let path = paths.first { access($0, X_OK) == 0 }
        return [path ?? command[0]] + command.dropFirst()
    }

    private static func lastLine(_ text: String) -> String { Quotation.plain(text.split(separator: "\n").last.map(String.init) ?? "it did not say why") }
}
