internal import CShims
internal import Glibc
internal import Secrets

/// What other programs read. Every call is one `write`, so that a line is never seen in halves.
enum StandardOutput {
    /// Lines that hold a token: printable ASCII, or the reply is none of tokend's.
    static func write(_ output: SecretBuffer) throws(Failure) {
        let isPrintable = output.withBytes { bytes in
            // a loop, because this is on the way of every `get`
            for byte in bytes where (byte < 0x20 && byte != 0x0A) || byte > 0x7E { return false }
            return true
        }
        guard isPrintable else { throw .strangeReply }
        try print(output)
    }

    /// Text that holds no secret: see `Printable`.
    static func write(_ text: String) throws(Failure) {
        let text = Printable.lines(text)
        let output = SecretBuffer(capacity: text.utf8.count)
        output.append(text: text)
        try print(output)
    }

    private static func print(_ output: SecretBuffer) throws(Failure) {
        let result = output.withBytes { bytes in
            bytes.baseAddress.map { tokend_write_all(STDOUT_FILENO, $0, bytes.count) } ?? 0
        }
        if result < 0 { throw .output(-result) }
    }
}
