import Glibc
import Systemd
import TestSupport
import Testing
import TokenAudit
import TokenLedger

@testable import TokenDaemon

/// A pipe whose ends are closed when the test is over.
private final class Pipe {
    private(set) var output: Int32
    let input: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw TestFailure("cannot make a pipe: errno \(errno)") }
        (output, input) = (ends[0], ends[1])
        _ = fcntl(output, F_SETFL, O_NONBLOCK)
    }

    isolated deinit {
        closeOutput()
        close(input)
    }

    func closeOutput() {
        if output >= 0 { close(output) }
        output = -1
    }

    func read() -> String { readAll(output) }
}

/// A terminal in raw mode: what is written to the line is on the screen as it is.
private final class Terminal {
    let screen: Int32
    let line: Int32

    // ioctl_tty(2): TIOCSPTLCK and TIOCGPTN, which Swift does not import
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    init() throws {
        screen = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK)
        var lock: Int32 = 0
        var number: Int32 = 0
        guard ioctl(screen, Terminal.setLock, &lock) == 0, ioctl(screen, Terminal.getNumber, &number) == 0 else {
            throw TestFailure("cannot make a terminal: errno \(errno)")
        }
        line = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        var settings = termios()
        tcgetattr(line, &settings)
        cfmakeraw(&settings)
        tcsetattr(line, TCSANOW, &settings)
    }

    isolated deinit {
        close(line)
        close(screen)
    }
}

private func readAll(_ fd: Int32) -> String {
    var text: [UInt8] = []
    var bytes = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(fd, &bytes, bytes.count)
        guard count > 0 else { return String(decoding: text, as: UTF8.self) }
        text += bytes[..<count]
    }
}

@Suite struct LineSinkTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        signal(SIGPIPE, SIG_IGN)
    }

    private func fields(_ number: Int) -> [(AuditField, String)] { auditFields(AuditBench.handOut(number)) }
    private func line(_ number: Int) -> String { String(decoding: auditLine(fields(number)), as: UTF8.self) }
    private func lines(_ numbers: Range<Int>) -> String { numbers.map(line).joined() }

    /// Writes lines until one is not taken; their number.
    private func fill(_ sink: LineSink, from first: Int = 0) -> Int {
        var number = first
        while number < 100_000, sink.take(fields(number)) { number += 1 }
        return number
    }

    @Test(arguments: [true, false]) func `a pipe that nobody reads blocks nobody and loses no line`(_ opensAgain: Bool) throws {
        let pipe = try Pipe()
        let sink = LineSink(pipe.input, journalStream: nil, opensAgain: opensAgain)
        let taken = fill(sink)
        #expect((1..<100_000).contains(taken))
        for _ in 0..<1_000 { #expect(!sink.take(fields(taken))) }
        #expect(pipe.read() == lines(0..<taken))
        #expect(sink.take(fields(taken)))
        #expect(pipe.read() == line(taken))
    }

    @Test func `a socket that nobody reads blocks nobody and loses no part of a line`() throws {
        let pair = try SocketPair()
        let sink = LineSink(pair.a, journalStream: nil)
        let taken = fill(sink)
        #expect((1..<100_000).contains(taken))
        var text = readAll(pair.b)
        let more = fill(sink, from: taken)
        #expect(more > taken)
        text += readAll(pair.b)
        #expect(sink.take(fields(more)))
        text += readAll(pair.b)
        #expect(text == lines(0..<(more + 1)))
    }

    @Test func `a terminal that nobody reads blocks nobody and loses no part of a line`() throws {
        let terminal = try Terminal()
        let sink = LineSink(terminal.line, journalStream: nil)
        var text = ""
        var number = 0
        for _ in 0..<10 {
            number = fill(sink, from: number)
            text += readAll(terminal.screen)
        }
        #expect(sink.take(fields(number)))
        text += readAll(terminal.screen)
        #expect(text == lines(0..<(number + 1)))
    }

    @Test func `the given descriptor stays as it was`() throws {
        let pipe = try Pipe()
        _ = fill(LineSink(pipe.input, journalStream: nil))
        #expect(fcntl(pipe.input, F_GETFL) & O_NONBLOCK == 0)
        #expect(fcntl(pipe.input, F_GETFD) >= 0)
    }

    @Test(arguments: [true, false]) func `a pipe whose reader is gone takes nothing`(_ opensAgain: Bool) throws {
        let pipe = try Pipe()
        let sink = LineSink(pipe.input, journalStream: nil, opensAgain: opensAgain)
        #expect(sink.take(fields(1)))
        pipe.closeOutput()
        #expect(!sink.take(fields(2)))
        #expect(!LineSink(pipe.input, journalStream: nil).take(fields(3)))
    }

    @Test func `a file gets every line`() throws {
        let fd = open(folder.path("log"), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(fd) }
        let sink = LineSink(fd, journalStream: nil)
        for number in 0..<100 { #expect(sink.take(fields(number))) }
        lseek(fd, 0, SEEK_SET)
        #expect(readAll(fd) == lines(0..<100))
    }

    @Test func `a descriptor that is closed takes nothing`() {
        #expect(!LineSink(-1, journalStream: nil).take(fields(1)))
    }

    @Test func `a line has a priority in front only when systemd reads it`() throws {
        let pair = try SocketPair()
        var status = stat()
        fstat(pair.a, &status)
        #expect(LineSink(pair.a, journalStream: "\(status.st_dev):\(status.st_ino)").take(fields(1)))
        #expect(readAll(pair.b) == "<6>" + line(1))
        #expect(LineSink(pair.a, journalStream: "\(status.st_dev):1").take(fields(1)))
        #expect(readAll(pair.b) == line(1))
    }

    @Test func `an audit log on a full pipe tells every decision once it is read`() throws {
        let pipe = try Pipe()
        let loop = try Loop()
        var now: Int64 = 0
        let log = try AuditLog(loop: loop, sink: LineSink(pipe.input, journalStream: nil), required: false) { now }
        for number in 0..<2_000 { #expect(log.record(AuditBench.handOut(number)) != nil) }
        #expect(!log.canRecord)
        var text = ""
        for _ in 0..<700 {
            now += .seconds(1)
            text += pipe.read()
            log.wake()
        }
        text += pipe.read()
        let counts = text.split(separator: "count=").dropFirst().compactMap { Int($0.prefix { $0.isNumber }) }
        #expect(counts.reduce(0, +) == 2_000)
        #expect(text.contains("[event=audit-gap]"))
    }
}
