import CShims
import Glibc
import Systemd
import TestSupport
import Testing

/// A datagram socket in place of journald's. It reads only when the test says so.
private final class Journald {
    private(set) var fd: Int32 = -1

    init(at path: String) throws {
        fd = tokend_unix_datagram()
        guard tokend_unix_bind(fd, path) == 0 else { throw TestFailure("cannot bind '\(path)'") }
    }

    func read() -> String? { receive(from: fd) }

    deinit { close(fd) }
}

@Suite struct JournalSocketTests {
    private let folder: TemporaryFolder
    private let journal: JournalSocket
    private var path: String { folder.path("journal") }

    init() throws {
        folder = try TemporaryFolder()
        journal = try JournalSocket(path: folder.path("journal"))
    }

    private func send(_ text: String) -> Bool { journal.send([(name: "MESSAGE", value: text)]) }

    @Test func `an entry is sent as one datagram`() throws {
        let journald = try Journald(at: path)
        #expect(journal.exists)
        #expect(journal.send([(name: "MESSAGE", value: "token handed out"), (name: "PRIORITY", value: "6")]))
        #expect(journald.read() == "MESSAGE=token handed out\nPRIORITY=6\n")
        #expect(journald.read() == nil)
    }

    @Test func `an entry is not recorded without journald`() throws {
        #expect(!journal.exists)
        #expect(!send("lost"))
    }

    @Test func `entries are recorded again after journald restarts`() throws {
        var journald: Journald? = try Journald(at: path)
        #expect(send("first"))
        #expect(journald?.read() == "MESSAGE=first\n")
        journald = nil
        #expect(!send("lost"))
        unlink(path)
        journald = try Journald(at: path)
        #expect(send("second"))
        #expect(journald?.read() == "MESSAGE=second\n")
    }

    @Test func `a journald that does not read blocks nothing`() throws {
        let journald = try Journald(at: path)
        var recorded = 0
        while recorded < 100_000, send("entry \(recorded)") { recorded += 1 }
        #expect((1..<100_000).contains(recorded))
        for _ in 0..<1000 { #expect(!send("lost")) }
        for number in 0..<recorded { #expect(journald.read() == "MESSAGE=entry \(number)\n") }
        #expect(journald.read() == nil)
        #expect(send("again"))
        #expect(journald.read() == "MESSAGE=again\n")
    }

    @Test func `an entry that is too large for a datagram is not recorded`() throws {
        let journald = try Journald(at: path)
        #expect(!send(String(repeating: "x", count: 4 << 20)))
        #expect(!journal.send([]))
        #expect(journald.read() == nil)
    }

    @Test func `an entry is not recorded if the path is too long for a socket`() throws {
        let far = try JournalSocket(path: folder.path(String(repeating: "n", count: 200)))
        #expect(!far.send([(name: "MESSAGE", value: "x")]))
    }
}
