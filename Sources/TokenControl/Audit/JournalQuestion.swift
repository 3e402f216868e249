/// What is asked of the journal, and the words that ask journalctl for it.
struct JournalQuestion {
    var tokens: [String] = []
    var units: [String] = []
    var users: [String] = []
    var ids: [String] = []
    /// Values of TOKEND_EVENT; empty for all.
    var events: [String] = []
    var since: String?
    var until: String?

    /// Anybody can write a field TOKEND_EVENT into the journal; which unit an entry comes from is journald's own word.
    private static let service = "_SYSTEMD_UNIT=tokend.service"
    /// What stands for decisions that are not listed one by one: it belongs to every answer.
    static let incomplete = ["others", "audit-gap"]

    /// Only what is shown: a line stays short.
    private static let fields = [
        "TOKEND_EVENT", "TOKEND_DECISION", "TOKEND_REASON", "TOKEND_CAUSE", "TOKEND_TOKEN", "TOKEND_TOKEN_ID", "TOKEND_PREVIOUS_ID", "TOKEND_CONSUMER",
        "TOKEND_CONSUMER_UNIT", "TOKEND_CONSUMER_UID", "TOKEND_COUNT", "TOKEND_SECONDS", "TOKEND_HELD",
    ]

    var command: [String] {
        var command = ["journalctl", "--no-pager", "--output=json", "--output-fields=" + Self.fields.joined(separator: ",")]
        command += [("--since=", since), ("--until=", until)].compactMap { option, value in value.map { option + $0 } }
        return command + matches.joined(separator: ["+"])
    }

    /// journalctl joins equal fields by "or", different ones by "and", and what "+" parts by "or".
    private var matches: [[String]] {
        let common =
            [Self.service] + tokens.map { "TOKEND_TOKEN=" + $0 } + units.map { "TOKEND_CONSUMER_UNIT=" + $0 }
            + users.map { "TOKEND_CONSUMER_UID=" + $0 } + events.map { "TOKEND_EVENT=" + $0 }
        let wanted = ids.isEmpty ? [common] : ["TOKEND_TOKEN_ID=", "TOKEND_PREVIOUS_ID="].map { field in common + ids.map { field + $0 } }
        return wanted + [[Self.service] + Self.incomplete.map { "TOKEND_EVENT=" + $0 }]
    }
}
