internal import ArgumentParser
internal import CShims
internal import Glibc
internal import Secrets
internal import TokenWire

struct Audit: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show who got which token, who was refused, and what was renewed.",
        discussion: """
            Reads what tokend wrote into the journal, and adds up: repeats are counted there, and the sum of COUNT over the rows that \
            have a DECISION is the number of decisions. FIRST and LAST are when they were made. Options narrow it down together; one that repeats widens.

              tokenctl audit --token portal.sync --since yesterday --until today   who got it yesterday, by which id
              tokenctl audit --unit erp-sync.service                               what one unit was given or refused
              tokenctl audit --refused                                             who was turned away, and why
              tokenctl audit --renewals --token portal.sync                        every renewal, its cause, and its failures
              tokenctl audit --id 9f3ac2d1770b41e6                                 where one token came from and went

            The id of a token is the first 16 hex digits of its SHA-256: printf %s "$token" | sha256sum | cut -c-16

            You must be allowed to read the system's journal: as root, or as a member of the group systemd-journal.
            """)

    @Option(help: ArgumentHelp("Only this token: application.token. Repeat it for more.", valueName: "name"), completion: .tokenNames)
    var token: [String] = []
    @Option(help: ArgumentHelp("Only callers in this unit, such as erp-sync.service. Repeat it for more.", valueName: "unit"), completion: .units)
    var unit: [String] = []
    @Option(help: ArgumentHelp("Only callers of this user: a number, or a name of /etc/passwd. Repeat it for more.", valueName: "user"), completion: .users)
    var user: [String] = []
    @Flag(help: "Only what was refused.")
    var refused = false
    @Flag(help: "Only renewals and their failures, each with its cause.")
    var renewals = false
    @Option(help: ArgumentHelp("Only the access token with this id: where it came from, who got it, what replaced it. Repeat it for more.", valueName: "id"))
    var id: [String] = []
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("From then on, as journalctl reads it: yesterday, \"2 hours ago\", \"2026-11-25 08:00\", -1h.", valueName: "time"))
    var since: String?
    @Option(parsing: .unconditional, help: ArgumentHelp("Until then.", valueName: "time"))
    var until: String?
    @Flag(help: "A line for each entry of the journal, in their order, instead of sums.")
    var list = false
    @Flag(help: "Print a list of objects; times are seconds since the epoch.")
    var json = false

    func validate() throws {
        if refused, renewals { throw ValidationError("--refused and --renewals exclude each other: a renewal that fails is among the renewals") }
        if let name = token.first(where: { TokenName($0) == nil && $0 != "unknown" }) {
            throw ValidationError("\(Quotation.of(name)) is no token's name (application.token)")
        }
        if id.contains(where: { Fingerprint($0) == nil }) {
            throw ValidationError("--id must be the 16 lower-case hex digits of a token's id, never the token")
        }
        if unit.contains(where: { $0.isEmpty || $0.contains("*") }) {
            throw ValidationError("--unit needs the whole name of a unit, such as erp-report@1.service")
        }
    }

    func run() throws {
        try reporting { () throws(Failure) in
            var report = AuditReport(isList: list || renewals)
            try question().ask { (entry) throws(Failure) in report.take(entry) }
            let isComplete = report.remarks.isEmpty
            try StandardOutput.write(json ? report.json : report.table.description)
            for remark in report.remarks { Audit.say(remark) }
            if report.isEmpty, isComplete { Audit.say("nothing was found") }
        }
    }

    private func question() throws(Failure) -> JournalQuestion {
        var users: [String] = []
        for user in user {
            guard let uid = UInt32(user) ?? LocalUser.uid(of: user) else {
                throw .unusable("there is no user \(Quotation.of(user)) in /etc/passwd; give the number that `id -u` prints")
            }
            users.append(String(uid))
        }
        let events = refused ? ["refused"] : renewals ? ["renewed", "renewal-failed", "recovered", "renewal-asked", "rejected"] : []
        return JournalQuestion(tokens: token, units: unit.map(Audit.fullName), users: users, ids: id, events: events, since: since, until: until)
    }

    /// As systemctl takes it: a name that does not say what it is means a service.
    private static func fullName(_ unit: String) -> String {
        let kinds = [".service", ".scope", ".slice", ".socket", ".mount", ".swap", ".timer", ".path", ".target", ".device", ".automount"]
        return kinds.contains { unit.hasSuffix($0) } ? unit : unit + ".service"
    }

    private static func say(_ text: String) {
        StandardError.write("tokenctl: \(text)\n")
    }
}
