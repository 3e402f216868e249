@testable import Systemd
import Testing

@Suite struct NativeJournalEntryTests {
    struct Case: Sendable {
        let name: String
        let value: String
        let bytes: [UInt8]
    }

    static let table: [Case] = [
        Case(name: "MESSAGE", value: "handed out", bytes: Array("MESSAGE=handed out\n".utf8)),
        Case(name: "MESSAGE", value: "", bytes: Array("MESSAGE=\n".utf8)),
        Case(name: "PRIORITY", value: "6", bytes: Array("PRIORITY=6\n".utf8)),
        Case(name: "TOKEND_TOKEN", value: "a=b=c", bytes: Array("TOKEND_TOKEN=a=b=c\n".utf8)),
        Case(name: "MESSAGE", value: "gr\u{fc}n\u{0}\r", bytes: Array("MESSAGE=gr\u{fc}n\u{0}\r\n".utf8)),
        Case(name: "MESSAGE", value: "a\nb", bytes: Array("MESSAGE\n".utf8) + [3, 0, 0, 0, 0, 0, 0, 0] + Array("a\nb\n".utf8)),
        Case(name: "MESSAGE", value: "\n", bytes: Array("MESSAGE\n".utf8) + [1, 0, 0, 0, 0, 0, 0, 0] + Array("\n\n".utf8)),
        Case(name: "M", value: "\nPRIORITY=0", bytes: Array("M\n".utf8) + [11, 0, 0, 0, 0, 0, 0, 0] + Array("\nPRIORITY=0\n".utf8)),
    ]

    @Test(arguments: table)
    func `a field is encoded in the native protocol of journald`(_ c: Case) {
        #expect(NativeJournalEntry([(name: c.name, value: c.value)]).bytes == c.bytes)
    }

    @Test func `a length over one byte is little-endian`() {
        let value = "\n" + String(repeating: "v", count: 0x0102 - 1)
        let bytes = NativeJournalEntry([(name: "M", value: value)]).bytes
        #expect(Array(bytes[2..<10]) == [0x02, 0x01, 0, 0, 0, 0, 0, 0])
    }

    @Test func `fields keep their order and may repeat`() {
        let entry = NativeJournalEntry([(name: "A", value: "1"), (name: "B", value: "2"), (name: "A", value: "3")])
        #expect(entry.bytes == Array("A=1\nB=2\nA=3\n".utf8))
    }

    @Test(arguments: ["", "message", "_PID", "1A", "A B", "A=B", "A\nB", "\u{c4}", String(repeating: "A", count: 65)])
    func `a field with a name that journald rejects is left out`(_ name: String) {
        let entry = NativeJournalEntry([(name: "A", value: "1"), (name: name, value: "x"), (name: "B", value: "2")])
        #expect(entry.bytes == Array("A=1\nB=2\n".utf8))
    }
}
