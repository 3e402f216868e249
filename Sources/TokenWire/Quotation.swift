/// Input as a refusal repeats it: in double quotes, printable ASCII, at most 64 bytes of it.
package enum Quotation {
    /// The most bytes of input that a text repeats.
    package static let longest = 64

    /// `"text"`; what a line cannot carry is written `%XX`, and what is cut off shows as `...`.
    package static func of(_ text: String) -> String {
        var text = text
        return text.withUTF8 { of(UnsafeRawBufferPointer($0)) }
    }

    /// The text as it may stand on a terminal or in a line: what a terminal would obey or a reader not see is written `%XX`.
    package static func plain(_ text: String) -> String { PercentEncoding.encodingControls(text) }

    static func of(_ bytes: UnsafeRawBufferPointer) -> String {
        var quoted: [UInt8] = [UInt8(ascii: "\"")]
        for byte in bytes {
            let (percent, high, low) = PercentEncoding.encoded(byte)
            let next = byte.isPrintable ? [byte] : [percent, high, low]
            guard quoted.count + next.count <= longest + 1 else {
                return String(decoding: quoted, as: UTF8.self) + "...\""
            }
            quoted += next
        }
        return String(decoding: quoted, as: UTF8.self) + "\""
    }
}
