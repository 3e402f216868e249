internal import CShims
internal import Glibc
internal import Secrets

/// Another program that is run for what it prints.
enum ChildProcess {
    struct Result {
        /// 128 + N if signal N ended it.
        let status: Int32
        /// What it said on standard error, cut to 64 KiB.
        let complaint: String
    }

    /// Runs a program to its end and lends what it prints, as it comes. `input` is all that it reads.
    static func run(_ arguments: [String], input: Secret? = nil, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) -> Result {
        let output = try Pipe()
        let error = try Pipe()
        let feed = try input.map { (_) throws(Failure) in try Pipe() }
        var words = arguments.map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        let process = tokend_start_beside(&words, feed?.reading ?? -1, output.writing, error.writing)
        guard process > 0 else { throw .cannotRun(arguments[0], -process) }
        output.closeWriting()
        error.closeWriting()
        feed?.closeReading()
        // what a program of ours is given fits into a pipe, so that it is never waited for
        if let input { feed?.write(input) }
        feed?.closeWriting()
        do throws(Failure) {
            let complaint = try drain(output, error, body)
            return Result(status: tokend_wait_for(process), complaint: complaint)
        } catch {
            kill(process, SIGTERM)
            _ = tokend_wait_for(process)
            throw error
        }
    }

    private static func drain(_ output: Pipe, _ error: Pipe, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) -> String {
        var complaint: [UInt8] = []
        var polls = [output, error].map { pollfd(fd: $0.reading, events: Int16(POLLIN), revents: 0) }
        while polls.contains(where: { $0.fd >= 0 }) {
            guard poll(&polls, 2, -1) >= 0 else {
                guard errno == EINTR else { throw .connection(errno) }
                continue
            }
            if polls[0].revents != 0, try !output.receive(body) { polls[0].fd = -1 }
            if polls[1].revents != 0,
                try !error.receive({ (bytes) throws(Failure) in complaint += bytes.prefix(max(0, 65536 - complaint.count)) })
            {
                polls[1].fd = -1
            }
        }
        return String(decoding: complaint, as: UTF8.self)
    }
}

extension ChildProcess {
    /// Runs a program and returns what it printed, as text of at most `limit` bytes.
    static func text(of arguments: [String], input: Secret? = nil, atMost limit: Int = 1 << 20) throws(Failure) -> (output: String, result: Result) {
        var printed: [UInt8] = []
        let result = try run(arguments, input: input) { (bytes) throws(Failure) in printed += bytes.prefix(max(0, limit - printed.count)) }
        return (String(decoding: printed, as: UTF8.self), result)
    }
}

/// Both ends of a pipe; each is closed once.
private final class Pipe {
    private(set) var reading: Int32 = -1
    private(set) var writing: Int32 = -1

    init() throws(Failure) {
        let result = tokend_pipe(&reading, &writing)
        guard result == 0 else { throw .connection(-result) }
    }

    deinit {
        closeReading()
        closeWriting()
    }

    func closeReading() {
        if reading >= 0 { close(reading) }
        reading = -1
    }

    func closeWriting() {
        if writing >= 0 { close(writing) }
        writing = -1
    }

    /// A program that has stopped reading will say why with its exit status.
    func write(_ secret: Secret) {
        let before = signal(SIGPIPE, SIG_IGN)
        secret.withBytes { bytes in _ = bytes.baseAddress.map { tokend_write_all(writing, $0, bytes.count) } }
        signal(SIGPIPE, before)
    }

    /// `false` at the end.
    func receive(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) -> Bool {
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 8)
        defer { chunk.deallocate() }
        let count = read(reading, chunk.baseAddress, chunk.count)
        guard count > 0 else { return count < 0 && errno == EINTR }
        try body(UnsafeRawBufferPointer(start: chunk.baseAddress, count: count))
        return true
    }
}
