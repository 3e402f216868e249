internal import Codecs
internal import OAuth

/// Makes text that came from elsewhere harmless in a log: no line of it can look like another entry, and none is long.
enum AuditText {
    /// A word that a process, a unit or a server chose: printable ASCII stays, everything else and `%` become `%XX`, as on the wire.
    static func claim(_ text: String, limit: Int = 200) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            guard bytes.count < limit else { return String(decoding: bytes, as: UTF8.self) + "…" }
            if (0x20...0x7E).contains(byte), byte != UInt8(ascii: "%") {
                bytes.append(byte)
            } else {
                let (percent, high, low) = Hex.percentEncoded(byte)
                bytes += [percent, high, low]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Such words with blanks between them. Whole ones alone, and `…` for those that `limit` bytes have no room for.
    static func claims(_ words: [String], limit: Int) -> String {
        var text = ""
        for word in words {
            let next = (text.isEmpty ? "" : " ") + claim(word, limit: limit)
            guard text.utf8.count + next.utf8.count <= limit else { return text + (text.isEmpty ? "…" : " …") }
            text += next
        }
        return text
    }

    /// A sentence of ours, which may name files and people in any script: only what could break or reorder a line goes.
    static func sentence(_ text: String, limit: Int = 1_000) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            guard result.count < limit else { return String(result) + "…" }
            result.append(scalar.isVisible ? scalar : "?")
        }
        return String(result)
    }
}
