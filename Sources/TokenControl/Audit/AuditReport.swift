/// What the journal's entries say, added up or one by one.
struct AuditReport {
    private let isList: Bool
    private var rows: [AuditRow] = []
    private var places: [AuditRow.Kind: Int] = [:]
    private var others: Int64 = 0
    private var held: Int64 = 0

    init(isList: Bool) { self.isList = isList }

    var isEmpty: Bool { rows.isEmpty }

    mutating func take(_ entry: JournalEntry) {
        switch entry["TOKEND_EVENT"] {
        case "others": others.add(entry.number("TOKEND_COUNT"))
        case "audit-gap": held.add(entry.number("TOKEND_HELD"))
        case nil: return
        default: add(AuditRow(entry))
        }
    }

    private mutating func add(_ row: AuditRow) {
        if isList { return rows.append(row) }
        // what is not counted is no decision
        guard row.count != nil else { return }
        if let place = places[row.kind] { return rows[place].add(row) }
        places[row.kind] = rows.count
        rows.append(row)
    }

    /// What the rows cannot say.
    var remarks: [String] {
        var remarks: [String] = []
        if others > 0 {
            remarks.append("\(others) decisions of this time were only counted, because there were too many kinds: journalctl -u tokend TOKEND_EVENT=others")
        }
        if held > 0 {
            remarks.append("\(held) decisions of this time could not be written while the journal was away: journalctl -u tokend TOKEND_EVENT=audit-gap")
        }
        return remarks
    }

    var json: String { JSON.list(rows.map { $0.json(inList: isList) }).description + "\n" }

    /// Without the columns that no row fills.
    var table: Table {
        guard !rows.isEmpty else { return Table(rows: []) }
        let columns = isList ? AuditRow.columnsOfList : AuditRow.columnsOfSums
        let cells = rows.map { row in columns.map { $0.cell(row) ?? "-" } }
        let filled = columns.indices.filter { column in cells.contains { $0[column] != "-" } }
        return Table(rows: [filled.map { columns[$0].heading }] + cells.map { row in filled.map { row[$0] } })
    }
}

extension Int64 {
    /// Counts as far as there are numbers: anybody may write an entry into the journal.
    fileprivate mutating func add(_ other: Int64?) {
        let (sum, overflow) = addingReportingOverflow(other ?? 0)
        self = overflow ? .max : sum
    }
}

/// One entry, or several of a kind.
struct AuditRow {
    /// What makes two entries speak of the same.
    struct Kind: Hashable {
        var event, decision, reason, token, id, consumer, unit, uid: String?
    }

    let kind: Kind
    private let cause: String?
    private let previous: String?
    private(set) var count: Int64?
    /// Seconds since the epoch.
    private var first: Int64
    private var last: Int64

    init(_ entry: JournalEntry) {
        kind = Kind(
            event: entry["TOKEND_EVENT"], decision: entry["TOKEND_DECISION"], reason: entry["TOKEND_REASON"], token: entry["TOKEND_TOKEN"],
            id: entry["TOKEND_TOKEN_ID"], consumer: entry["TOKEND_CONSUMER"], unit: entry["TOKEND_CONSUMER_UNIT"], uid: entry["TOKEND_CONSUMER_UID"])
        cause = entry["TOKEND_CAUSE"]
        previous = entry["TOKEND_PREVIOUS_ID"]
        count = entry.number("TOKEND_COUNT")
        last = (entry.number("__REALTIME_TIMESTAMP") ?? 0) / 1_000_000
        first = last - max(0, min(entry.number("TOKEND_SECONDS") ?? 0, last))
    }

    mutating func add(_ other: AuditRow) {
        count?.add(other.count)
        first = min(first, other.first)
        last = max(last, other.last)
    }

    /// Who asked, by the kernel's word; else whose token it is.
    private var caller: String? { kind.unit ?? kind.uid.map { "uid \($0)" } ?? kind.consumer }
}

extension AuditRow {
    struct Column {
        let heading: String
        let cell: (AuditRow) -> String?
    }

    static var columnsOfSums: [Column] {
        [
            count, event, decision, reason, token, id, callers, Column(heading: "FIRST") { LocalTime.toTheSecond($0.first) },
            Column(heading: "LAST") { LocalTime.toTheSecond($0.last) },
        ]
    }

    static var columnsOfList: [Column] {
        let replaces = Column(heading: "REPLACES") { $0.previous }
        return [
            Column(heading: "TIME") { LocalTime.toTheSecond($0.last) }, count, event, decision, Column(heading: "CAUSE") { $0.cause }, reason, token, id,
            replaces, callers,
        ]
    }

    private static var count: Column { Column(heading: "COUNT") { $0.count.map { String($0) } } }
    private static var event: Column { Column(heading: "EVENT") { $0.kind.event } }
    private static var decision: Column { Column(heading: "DECISION") { $0.kind.decision } }
    private static var reason: Column { Column(heading: "REASON") { $0.kind.reason } }
    private static var token: Column { Column(heading: "TOKEN") { $0.kind.token } }
    private static var id: Column { Column(heading: "ID") { $0.kind.id } }
    private static var callers: Column { Column(heading: "CALLER") { $0.caller } }

    func json(inList: Bool) -> JSON {
        let texts: [(String, String?)] = [
            ("event", kind.event), ("decision", kind.decision), ("reason", kind.reason), ("cause", inList ? cause : nil), ("token", kind.token),
            ("id", kind.id),
            ("replaces", inList ? previous : nil), ("consumer", kind.consumer), ("unit", kind.unit),
        ]
        var members = texts.compactMap { name, text in text.map { (name, JSON.text($0)) } }
        if let uid = kind.uid.flatMap({ Int64($0) }) { members.append(("uid", .number(uid))) }
        if let count { members.append(("count", .number(count))) }
        members += [("first", .number(first)), ("last", .number(last))]
        return .object(members)
    }
}
