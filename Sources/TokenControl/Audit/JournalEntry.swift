internal import Codecs
internal import Secrets

/// An entry of the journal as `journalctl -o json` prints it: one object in a line, its fields texts.
///
/// What the journal cannot say as text (bytes, or nothing because it is long) is no field here; of one that repeats, which the journal writes as a
/// list, the first value counts.
struct JournalEntry {
    private let object: JSONObject

    /// `nil` for anything that is not such an object.
    init?(_ line: [UInt8]) {
        guard case .success(let object) = JSONObject.read(line.withUnsafeBytes { Secret(copying: $0) }),
            object.members.values.allSatisfy(\.isFieldOfJournal)
        else { return nil }
        self.object = object
    }

    subscript(_ name: String) -> String? {
        switch object[name] {
        case .string(let text)?: text.text
        case .array(let values)?: if case .string(let text)? = values.first { text.text } else { nil }
        case .null?, .bool?, .number?, .object?, nil: nil
        }
    }

    func number(_ name: String) -> Int64? { self[name].flatMap { Int64($0) } }
}

extension JSONValue {
    /// A text, a number, nothing, or a list of those.
    fileprivate var isFieldOfJournal: Bool {
        switch self {
        case .null, .number, .string: true
        case .array(let values): values.allSatisfy { if case .array = $0 { false } else { $0.isFieldOfJournal } }
        case .bool, .object: false
        }
    }
}
