internal import Secrets

extension JSONReader {
    /// Skips a string and checks every escape sequence in it, so that decoding it later cannot fail.
    mutating func string() throws(JSONProblem) -> JSONString {
        guard take("\"") else { throw .notJSON }
        let start = at
        var isEscaped = false
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                at += 1
                return JSONString(source: source, span: start..<(at - 1), isEscaped: isEscaped)
            case UInt8(ascii: "\\"):
                isEscaped = true
                try escape()
            case 0..<0x20:
                throw .notJSON
            default:
                at += 1
            }
        }
        throw .notJSON
    }

    private mutating func escape() throws(JSONProblem) {
        at += 1
        guard let kind = next else { throw .notJSON }
        guard kind == UInt8(ascii: "u") else {
            guard JSONEscape.byte(for: kind) != nil else { throw .notJSON }
            return at += 1
        }
        at -= 1
        switch try unit() {
        case 0xD800...0xDBFF:
            guard try (0xDC00...0xDFFF).contains(unit()) else { throw .notUTF8 }
        case 0xDC00...0xDFFF:
            throw .notUTF8
        default:
            break
        }
    }

    private mutating func unit() throws(JSONProblem) -> UInt16 {
        guard take("\\u"), let unit = JSONEscape.unit(in: bytes, at: at) else { throw .notJSON }
        at += 4
        return unit
    }
}

/// The escape sequences of RFC 8259 section 7.
enum JSONEscape {
    static func byte(for kind: UInt8) -> UInt8? {
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): kind
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    /// The value of the four hex digits at this position.
    static func unit(in bytes: UnsafeRawBufferPointer, at place: Int) -> UInt16? {
        guard place + 4 <= bytes.count else { return nil }
        var unit: UInt16 = 0
        for byte in bytes[place..<(place + 4)] {
            guard let digit = Hex.value(of: byte) else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}

extension Secret {
    /// Decodes a JSON string whose escape sequences were checked. The result is never longer than the input.
    func resolvingEscapes(in span: Range<Int>) -> Secret {
        withBytes { bytes in
            Secret(capacity: span.count) { room in
                var at = span.lowerBound
                var written = 0
                while at < span.upperBound {
                    written += Self.resolve(bytes, &at, into: UnsafeMutableRawBufferPointer(rebasing: room[written...]))
                }
                return written
            }
        }
    }

    /// Decodes one character or escape sequence at `at`, advances `at` and returns the number of bytes written.
    private static func resolve(_ bytes: UnsafeRawBufferPointer, _ at: inout Int, into room: UnsafeMutableRawBufferPointer) -> Int {
        guard bytes[at] == UInt8(ascii: "\\") else {
            room[0] = bytes[at]
            at += 1
            return 1
        }
        if let byte = JSONEscape.byte(for: bytes[at + 1]) {
            room[0] = byte
            at += 2
            return 1
        }
        let encoded = UTF8.encode(scalar(bytes, &at)) ?? UTF8.encodedReplacementCharacter
        for (index, byte) in encoded.enumerated() { room[index] = byte }
        return encoded.count
    }

    private static func scalar(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Unicode.Scalar {
        var units: [UInt16] = []
        repeat {
            units.append(JSONEscape.unit(in: bytes, at: at + 2) ?? 0)
            at += 6
        } while units.count == 1 && UTF16.isLeadSurrogate(units[0])
        var decoder = UTF16()
        var source = units.makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&source) else { return "\u{FFFD}" }
        return scalar
    }
}
