internal import Secrets
internal import TokenWire

/// An error that a server sent the browser back with, without the state of a sign-in: it ends nothing, for anybody may have made it up, but the person
/// wants to know of it.
struct ServerError: Hashable {
    private let code: String
    private let remark: String?

    /// `nil` unless there is an error, and no state.
    init?(withoutState fields: FormFields) {
        guard fields.values(of: "state").isEmpty, let code = fields.only("error") else { return nil }
        self.code = ServerError.readable(code, atMost: 64)
        remark = fields.only("error_description").map { ServerError.readable($0, atMost: 200) }
    }

    var sentence: String {
        let what = remark.map { "\(code) (\($0))" } ?? code
        return "a server sent the browser back with the error \(what), but without the state of this sign-in, so it is not believed; still waiting"
    }

    /// The characters that RFC 6749 section 4.1.2.1 allows; others are a question mark.
    private static func readable(_ text: Secret, atMost limit: Int) -> String {
        text.withBytes { bytes in
            let shown = bytes.prefix(limit).map { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\"") ? $0 : UInt8(ascii: "?") }
            return "\"" + String(decoding: shown, as: UTF8.self) + (bytes.count > limit ? "..." : "") + "\""
        }
    }
}
