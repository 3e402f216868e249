/// An entry of the journal as `journalctl -o json` prints it: one flat object of texts in a line.
///
/// What the journal cannot say as text (bytes, or nothing because it is long) is left out; a field that repeats keeps its first value.
struct JournalEntry {
    let fields: [String: String]

    /// `nil` for anything that is not such an object.
    init?(_ line: [UInt8]) {
        var reader = FlatReader(line)
        guard let fields = reader.object() else { return nil }
        self.fields = fields
    }

    subscript(_ name: String) -> String? { fields[name] }
    func number(_ name: String) -> Int64? { fields[name].flatMap { Int64($0) } }
}

/// Reads one object whose values are texts, numbers, null, or lists of those. Anything else, or anything after it, is no entry.
private struct FlatReader {
    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func object() -> [String: String]? {
        guard take("{") else { return nil }
        var fields: [String: String] = [:]
        if !take("}") {
            repeat {
                skipBlanks()
                guard let name = text(), take(":"), let value = value() else { return nil }
                if case .text(let text) = value, fields[name] == nil { fields[name] = text }
            } while take(",")
            guard take("}") else { return nil }
        }
        skipBlanks()
        return place == bytes.count ? fields : nil
    }

    private enum Value { case text(String), other }

    private mutating func value(inList: Bool = false) -> Value? {
        skipBlanks()
        guard place < bytes.count else { return nil }
        switch bytes[place] {
        case UInt8(ascii: "\""): return text().map { .text($0) }
        case UInt8(ascii: "["): return inList ? nil : list()
        case UInt8(ascii: "n"): return takeWord("null") ? .other : nil
        default: return takeNumber() ? .other : nil
        }
    }

    /// Its first text; numbers are the bytes of what is no text.
    private mutating func list() -> Value? {
        guard take("[") else { return nil }
        if take("]") { return .other }
        var first: Value?
        repeat {
            guard let value = value(inList: true) else { return nil }
            first = first ?? value
        } while take(",")
        return take("]") ? first : nil
    }

    private mutating func text() -> String? {
        guard take("\"", skippingBlanks: false) else { return nil }
        var text: [UInt8] = []
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let scalar = escaped() else { return nil }
                text += Array(String(Character(scalar)).utf8)
            case ..<0x20: return nil
            default: text.append(byte)
            }
        }
        return nil
    }

    private mutating func escaped() -> Unicode.Scalar? {
        guard place < bytes.count else { return nil }
        let byte = bytes[place]
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return unicode()
        default: return nil
        }
    }

    /// Four digits, or two times four for what lies beyond the first plane.
    private mutating func unicode() -> Unicode.Scalar? {
        guard let high = fourDigits() else { return nil }
        guard (0xD800..<0xDC00).contains(high) else { return Unicode.Scalar(high) }
        guard takeWord("\\u"), let low = fourDigits(), (0xDC00..<0xE000).contains(low) else { return nil }
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
    }

    private mutating func fourDigits() -> UInt32? {
        guard place + 4 <= bytes.count else { return nil }
        let digits = bytes[place..<place + 4]
        place += 4
        guard digits.allSatisfy({ (48...57).contains($0) || (65...70).contains($0) || (97...102).contains($0) }) else { return nil }
        return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    }

    private mutating func takeNumber() -> Bool {
        let start = place
        while place < bytes.count, (48...57).contains(bytes[place]) || "+-.eE".utf8.contains(bytes[place]) { place += 1 }
        return place > start
    }

    private mutating func takeWord(_ word: String) -> Bool {
        guard bytes[place...].starts(with: word.utf8) else { return false }
        place += word.utf8.count
        return true
    }

    private mutating func take(_ sign: Unicode.Scalar, skippingBlanks: Bool = true) -> Bool {
        if skippingBlanks { skipBlanks() }
        guard place < bytes.count, bytes[place] == UInt8(ascii: sign) else { return false }
        place += 1
        return true
    }

    private mutating func skipBlanks() {
        while place < bytes.count, bytes[place] == 0x20 || bytes[place] == 0x09 { place += 1 }
    }
}
