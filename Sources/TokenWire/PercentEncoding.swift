internal import Codecs
internal import Secrets

/// `%XX`: the encoding of bytes that a line cannot contain.
enum PercentEncoding {
    /// Decodes a value. `nil` if a `%` is not followed by two hexadecimal digits, or the result is not UTF-8.
    static func decode(_ value: UnsafeRawBufferPointer) -> String? {
        guard value.firstOffset(of: .percent) != nil else { return String(validating: value, as: UTF8.self) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(value.count)
        var place = 0
        while place < value.count {
            guard value[place] == .percent else {
                bytes.append(value[place])
                place += 1
                continue
            }
            guard let byte = Hex.percentDecoded(value, at: place) else { return nil }
            bytes.append(byte)
            place += 3
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Bytes that are not encoded in a value.
    static func isPlain(_ byte: UInt8) -> Bool { byte.isPrintable && byte != .space && byte != .percent }
}

// MARK: encoding
extension PercentEncoding {
    /// Bytes that are not encoded in a word of a reply. Words are never decoded, so `%` is one of these bytes.
    static func isWordByte(_ byte: UInt8) -> Bool { byte.isVisible }

    /// The length of the encoded text in bytes.
    static func count(_ text: String, keeping isKept: (UInt8) -> Bool) -> Int {
        text.utf8.reduce(0) { $0 + (isKept($1) ? 1 : 3) }
    }

    static func encode(_ text: String, keeping isKept: (UInt8) -> Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if isKept(byte) {
                bytes.append(byte)
            } else {
                let (percent, high, low) = Hex.percentEncoded(byte)
                bytes += [percent, high, low]
            }
        }
        return bytes
    }

    /// Encodes characters that control a terminal or are invisible: each of their bytes becomes `%XX`.
    static func encodingControls(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var clean = ""
        for scalar in text.unicodeScalars {
            if isControl(scalar) {
                clean += String(decoding: encode(String(scalar), keeping: { _ in false }), as: UTF8.self)
            } else {
                clean.unicodeScalars.append(scalar)
            }
        }
        return clean
    }

    /// The longest prefix of a text that has at most `limit` bytes and ends between two characters.
    static func prefix(of text: String, _ limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: max(limit, 0))
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return String(text[..<end])
    }

    /// Control characters (C0, DEL, C1), line and paragraph separators, and format characters such as bidirectional controls. The two joiners are
    /// permitted, because names need them.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
        let isJoiner = scalar.value == 0x200C || scalar.value == 0x200D
        return !isJoiner && [.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
    }
}

extension SecretBuffer {
    func append(percentEncoding text: String, keeping isKept: (UInt8) -> Bool) {
        var text = text
        text.withUTF8 { append(percentEncoding: UnsafeRawBufferPointer($0), keeping: isKept) }
    }

    func append(percentEncoding bytes: UnsafeRawBufferPointer, keeping isKept: (UInt8) -> Bool) {
        for byte in bytes {
            if isKept(byte) {
                append(byte)
            } else {
                appendPercentEncoded(byte)
            }
        }
    }
}
