internal import Secrets

/// The address that the browser ended at, or its query, as a person pastes it.
enum PastedAnswer {
    /// The query, ready for the daemon.
    case answer(Secret)
    /// The answer stands behind `#`, where the server puts it for pages with scripts.
    case fragment
    case nothing

    init(_ line: Secret) {
        self = line.withBytes { bytes in
            let text = PastedAnswer.trimmed(bytes)
            let hash = text.firstIndex(of: UInt8(ascii: "#")) ?? text.endIndex
            let mark = text[..<hash].firstIndex(of: UInt8(ascii: "?")).map { $0 + 1 } ?? text.startIndex
            if PastedAnswer.isAnswer(text[mark..<hash]) { return .answer(Secret(copying: UnsafeRawBufferPointer(rebasing: text[mark..<hash]))) }
            let fragment = text[min(hash + 1, text.endIndex)...]
            return PastedAnswer.isAnswer(fragment) ? .fragment : .nothing
        }
    }

    /// Without the blanks and quotes that come along when something is copied.
    private static func trimmed(_ bytes: UnsafeRawBufferPointer) -> Slice<UnsafeRawBufferPointer> {
        let isAround: (UInt8) -> Bool = { $0 <= 0x20 || "\"'<>".utf8.contains($0) }
        var text = bytes[...].drop(while: isAround)
        while let last = text.last, isAround(last) { text = text.dropLast() }
        return text
    }

    private static func isAnswer(_ part: Slice<UnsafeRawBufferPointer>) -> Bool {
        guard part.allSatisfy({ (0x21...0x7E).contains($0) }) else { return false }
        let fields = FormFields(UnsafeRawBufferPointer(rebasing: part))
        return !fields.values(of: "code").isEmpty || !fields.values(of: "error").isEmpty
    }
}
