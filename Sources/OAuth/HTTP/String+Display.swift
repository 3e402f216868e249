internal import Secrets

extension Unicode.Scalar {
    /// Whether the character is visible in a line of text: no control character, and none that hides, reorders or ends a line.
    package var isVisible: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}

extension String {
    /// Sanitizes a sentence from another party, in any script: one line of at most `most` characters. White space, including line ends, becomes one
    /// space. `?` replaces any other character that is not visible.
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

    /// Sanitizes a text from another party: printable ASCII, `?` for anything else, at most `most` bytes.
    func shown(atMost most: Int = 200) -> String {
        let bytes = utf8.prefix(most).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Removes words that could be tokens: 40 or more consecutive `b64token` characters. A server may quote a token that it did not receive in this
    /// request. A URL is kept up to its query.
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

    /// Compares code points. `==` also accepts canonically equivalent texts (DISC-05).
    func isExactly(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
