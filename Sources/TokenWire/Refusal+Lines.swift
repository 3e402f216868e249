internal import Codecs

// Errors of a request line.
extension Refusal {
    /// The input ended inside a line, which is not executed.
    package static let unfinished = badRequest("the line has no end")

    /// A line exceeds the limit. The connection must be closed after this reply.
    package static let tooLong = Refusal(.tooLong, [], "a request line has at most \(LineReader.limit) bytes")

    static func badRequest(_ text: String) -> Refusal { Refusal(.badRequest, [], text) }

    static func unprintable(_ byte: UInt8, at place: Int) -> Refusal {
        let (_, high, low) = Hex.percentEncoded(byte)
        let digits = String(decoding: [high, low], as: UTF8.self)
        return .badRequest("byte 0x\(digits) at column \(place + 1) is not printable ASCII; a value carries it as %\(digits)")
    }

    /// Quotes the word only if it has the form of a verb: a stray line may be a token.
    static func unknownVerb(_ word: UnsafeRawBufferPointer) -> Refusal {
        guard word.count <= 16, word.allSatisfy(\.isLetter) else {
            return .badRequest("a request begins with a word of 1 to 16 letters; HELP lists them")
        }
        return .badRequest("unknown request \(Quotation.of(word)); HELP lists them")
    }
}
