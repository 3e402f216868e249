internal import Secrets

extension Unicode.Scalar {
    /// Whether it shows as itself in a line of text, in whatever script: no control, and nothing that hides, reorders or ends a line.
    package var isVisible: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}

extension String {
    /// What may be shown of a sentence that somebody else wrote, in any script: one line of at most `most` characters. White space, line ends included,
    /// becomes one space; `?` stands for anything else that does not show.
    func readable(atMost most: Int = 200) -> String {
        var line = UnicodeScalarView()
        var isBlank = true
        for scalar in unicodeScalars {
            guard line.count < most else { break }
            if scalar.properties.isWhitespace {
                if !isBlank { line.append(" ") }
                isBlank = true
            } else {
                line.append(scalar.isVisible ? scalar : "?")
                isBlank = false
            }
        }
        if line.last == " " { line.removeLast() }
        return String(line)
    }

    /// What may be shown of a text that somebody else wrote: printable ASCII, `?` for anything else, cut to `most` bytes.
    func shown(atMost most: Int = 200) -> String {
        let bytes = utf8.prefix(most).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Without the words that could be a token, 40 or more of RFC 6750's characters in a row: what a server quotes need not be what it was
    /// sent just now. An address stays, up to its query.
    var withoutTokens: String {
        var kept: [UInt8] = []
        var word: [UInt8] = []
        func endWord() {
            let isToken = word.count >= 40 && !word.starts(with: "//".utf8)
            kept += isToken ? Array("(withheld)".utf8) : word
            word = []
        }
        for byte in utf8 {
            if Secret.isTokenByte(byte) {
                word.append(byte)
            } else {
                endWord()
                kept.append(byte)
            }
        }
        endWord()
        return String(decoding: kept, as: UTF8.self)
    }

    /// The same code points in the same order. `==` would take texts for equal that only look alike (DISC-05).
    func isExactly(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
