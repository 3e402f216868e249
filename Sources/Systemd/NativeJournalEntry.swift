/// One entry in journald's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL). A field is `NAME=value` and a line feed. A value that contains a
/// line feed is written as the name, a line feed, the length in eight little-endian bytes, the value and a line feed.
package struct NativeJournalEntry: Sendable {
    /// The content of the datagram.
    package private(set) var bytes: [UInt8] = []

    package init() { bytes.reserveCapacity(512) }

    /// Adds the fields in order. A field with a name that journald rejects (`isName`) is left out.
    package init(_ fields: [(name: String, value: String)]) {
        self.init()
        for field in fields { append(field.name, field.value) }
    }

    package mutating func append(_ name: String, _ value: String) {
        guard NativeJournalEntry.isName(name) else { return }
        bytes += name.utf8
        if value.utf8.contains(NativeJournalEntry.lineFeed) {
            bytes.append(NativeJournalEntry.lineFeed)
            appendLength(UInt64(value.utf8.count))
        } else {
            bytes.append(UInt8(ascii: "="))
        }
        bytes += value.utf8
        bytes.append(NativeJournalEntry.lineFeed)
    }

    private mutating func appendLength(_ length: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: length >> shift)) }
    }

    private static let lineFeed = UInt8(ascii: "\n")

    /// systemd.journal-fields(7): upper-case letters, digits and "_", at most 64, and no leading digit. A leading "_" is reserved for fields that
    /// journald adds.
    static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, isUpper(first), name.utf8.count <= 64 else { return false }
        return name.utf8.allSatisfy { isUpper($0) || (48...57).contains($0) || $0 == UInt8(ascii: "_") }
    }

    private static func isUpper(_ byte: UInt8) -> Bool { (65...90).contains(byte) }
}
