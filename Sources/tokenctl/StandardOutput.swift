internal import CShims
internal import Glibc
internal import Secrets

/// What other programs read. Every call is one `write`, so that a line is never seen in halves.
enum StandardOutput {
    static func write(_ output: SecretBuffer) throws(Failure) {
        let result = output.withBytes { bytes in
            bytes.baseAddress.map { tokend_write_all(STDOUT_FILENO, $0, bytes.count) } ?? 0
        }
        if result < 0 { throw .output(-result) }
    }

    /// Text that holds no secret.
    static func write(_ text: String) throws(Failure) {
        let output = SecretBuffer(capacity: text.utf8.count)
        output.append(text: text)
        try write(output)
    }
}
