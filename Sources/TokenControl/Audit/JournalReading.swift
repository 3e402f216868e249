internal import CShims
internal import Glibc

extension JournalQuestion {
    /// Runs journalctl and hands over its entries in their order. Fails if there are some that it may not show.
    func ask(_ body: (JournalEntry) throws(Failure) -> Void) throws(Failure) {
        var rest: [UInt8] = []
        // its hints are looked for below
        setenv("LC_ALL", "C", 1)
        let result = try ChildProcess.run(command) { (bytes) throws(Failure) in
            var start = 0
            while let end = bytes[start...].firstIndex(of: 0x0A) {
                rest += bytes[start..<end]
                try body(Self.entry(rest))
                rest.removeAll(keepingCapacity: true)
                start = end + 1
            }
            rest += bytes[start...]
            guard rest.count <= Self.longestLine else { throw Self.strange }
        }
        if result.complaint.contains("insufficient permissions") || result.complaint.contains("not seeing messages from other users") {
            throw .closedJournal(Self.remedy)
        }
        guard result.status == 0, rest.isEmpty else { throw .journal(result.complaint, result.status) }
    }

    private static func entry(_ line: [UInt8]) throws(Failure) -> JournalEntry {
        guard line.count <= longestLine, let entry = JournalEntry(line) else { throw strange }
        return entry
    }

    private static let longestLine = 1 << 20
    private static let strange = Failure.journal("it printed a line that is no entry of a journal", 0)
    private static let remedy =
        "you may not read the system's journal; ask the administrator to put you into the group systemd-journal (usermod -aG systemd-journal NAME), "
        + "then log in again"
}
