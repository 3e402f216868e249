internal import CShims
internal import Glibc
internal import Secrets
internal import TokenWire

/// The person at the other end of standard input and standard error.
final class Terminal {
    enum Reading { case line(Secret), end, late, interrupted }

    let vigil: Vigil
    private let input = SecretBuffer(capacity: 4096)
    private var isAtEnd = false

    init(_ vigil: Vigil) { self.vigil = vigil }

    /// Whether somebody can be asked.
    var isThere: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// Tells the person something; standard output is for programs.
    func say(_ text: String) {
        StandardError.write(text + "\n")
    }

    /// Says something whose answer is typed behind it.
    func ask(_ prompt: String) {
        StandardError.write(prompt)
    }

    /// Asks a question that only a clear yes answers with yes. `nil` when no answer came.
    func confirms(_ question: String, until deadline: Deadline) -> Bool? {
        ask(question + " [y/N] ")
        switch line(until: deadline) {
        case .line(let answer):
            let text = answer.withBytes { String(decoding: $0, as: UTF8.self) }.lowercased()
            return text == "y" || text == "yes"
        case .end, .late, .interrupted:
            say("")
            return nil
        }
    }

    /// The next line without its LF, and without the marks of a bracketed paste; the last one may lack its LF.
    func line(until deadline: Deadline) -> Reading {
        while true {
            if let line = takeLine() { return .line(BracketedPaste.content(of: line)) }
            if isAtEnd { return .end }
            switch vigil.wait(for: STDIN_FILENO, until: deadline) {
            case .ready: isAtEnd = !receive()
            case .late: return .late
            case .interrupted: return .interrupted
            }
        }
    }

    /// The line that somebody types unseen, or everything up to the end of the input and little more than `limit` bytes.
    func secret(asking prompt: String, atMost limit: Int) -> Reading {
        if isThere, let quiet = QuietTerminal() {
            defer { quiet.restore() }
            say(prompt)
            return line(until: .distant)
        }
        while !isAtEnd, input.count <= limit {
            guard vigil.wait(for: STDIN_FILENO, until: .distant) == .ready else { return .interrupted }
            isAtEnd = !receive()
        }
        return .line(input.secret())
    }

    /// Whether a line may have lost its end: a terminal keeps 4,095 bytes of one and drops the rest without a word.
    func mayHaveCut(_ line: Secret) -> Bool { line.count >= 4095 && isatty(STDIN_FILENO) == 1 }

    private func takeLine() -> Secret? {
        let end = input.withBytes { bytes in bytes.firstIndex(of: 0x0A) ?? (isAtEnd && bytes.count > 0 ? bytes.count : nil) }
        guard let end else { return input.count > Terminal.longestLine ? takeAll() : nil }
        let line = input.withBytes { Secret(copying: UnsafeRawBufferPointer(rebasing: $0[..<end])) }
        input.removeFirst(end + 1)
        return line
    }

    private func takeAll() -> Secret {
        defer { input.removeAll() }
        return input.secret()
    }

    /// `false` at the end of the input.
    private func receive() -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { chunk in
            guard let base = chunk.baseAddress else { return false }
            let count = read(STDIN_FILENO, base, chunk.count)
            guard count > 0 else { return count < 0 && (errno == EINTR || errno == EAGAIN) }
            input.append(UnsafeRawBufferPointer(start: base, count: count))
            tokend_wipe(base, count)
            return true
        }
    }

    private static let longestLine = 64 * 1024
}

/// A terminal may put what is pasted between two marks (xterm, "bracketed paste mode"): programs that ended in that mode leave it on.
enum BracketedPaste {
    /// The line without them.
    static func content(of line: Secret) -> Secret {
        line.withBytes { bytes in
            Secret(capacity: bytes.count) { room in
                var (place, written) = (0, 0)
                while place < bytes.count {
                    if let mark = marks.first(where: { bytes[place...].starts(with: $0.utf8) }) {
                        place += mark.utf8.count
                        continue
                    }
                    room[written] = bytes[place]
                    (place, written) = (place + 1, written + 1)
                }
                return written
            }
        }
    }

    private static let marks = ["\u{1B}[200~", "\u{1B}[201~"]
}

/// The terminal without echo.
private struct QuietTerminal {
    private let before: termios

    init?() {
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        before = settings
        settings.c_lflag &= ~tcflag_t(ECHO)
        guard tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings) == 0 else { return nil }
    }

    func restore() {
        var settings = before
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
    }
}
