import Secrets
@testable import TokenWire

// Tests use text; the module works on bytes.

extension Request {
    static func parse(_ line: String) -> Result<Request, Refusal> {
        var line = line
        return line.withUTF8 { parse(UnsafeRawBufferPointer($0)) }
    }

    static func refusal(_ line: String) -> Refusal? {
        guard case .failure(let refusal) = parse(line) else { return nil }
        return refusal
    }

    /// The line that `write` writes, including its LF.
    func encoded() throws(Refusal) -> String {
        let buffer = SecretBuffer()
        try write(to: buffer)
        return buffer.wording
    }
}

extension Reply {
    var encoded: String {
        let buffer = SecretBuffer()
        write(to: buffer)
        return buffer.wording
    }
}

extension SecretBuffer {
    var wording: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}

extension Secret {
    /// The text of a secret: those of tests are not secret.
    var wording: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}

extension ReplyLine {
    init(_ line: String) {
        var line = line
        self = line.withUTF8 { ReplyLine(UnsafeRawBufferPointer($0)) }
    }
}
