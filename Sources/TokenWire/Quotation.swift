internal import Codecs

/// Quotes input in messages: in double quotes, printable ASCII, at most 64 bytes.
package enum Quotation {
    /// The maximum number of input bytes in a message.
    package static let longest = 64

    /// `"text"`. Other bytes are written as `%XX`, and a truncated text ends in `...`.
    package static func of(_ text: String) -> String {
        var text = text
        return text.withUTF8 { of(UnsafeRawBufferPointer($0)) }
    }

    /// The text for a terminal or a log line: characters that control a terminal or are invisible are written as `%XX`.
    package static func plain(_ text: String) -> String { PercentEncoding.encodingControls(text) }

    static func of(_ bytes: UnsafeRawBufferPointer) -> String {
        var quoted: [UInt8] = [UInt8(ascii: "\"")]
        for byte in bytes {
            let (percent, high, low) = Hex.percentEncoded(byte)
            let next = byte.isPrintable ? [byte] : [percent, high, low]
            guard quoted.count + next.count <= longest + 1 else {
                return String(decoding: quoted, as: UTF8.self) + "...\""
            }
            quoted += next
        }
        return String(decoding: quoted, as: UTF8.self) + "\""
    }
}
