/// Hexadecimal digits.
package enum Hex {
    /// What a digit of either case is worth.
    @inlinable
    package static func value(of byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// The upper-case digit of a value below 16.
    @inlinable
    package static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }

    /// `%XX` of one byte, digits in upper case (RFC 3986 section 2.1).
    @inlinable
    package static func percentEncoded(_ byte: UInt8) -> (UInt8, UInt8, UInt8) { (UInt8(ascii: "%"), digit(byte >> 4), digit(byte & 15)) }

    /// The byte that a `%XX` at this place stands for; `nil` where there is none.
    @inlinable
    package static func percentDecoded(_ bytes: UnsafeRawBufferPointer, at place: Int) -> UInt8? {
        guard place + 2 < bytes.count, bytes[place] == UInt8(ascii: "%"), let high = value(of: bytes[place + 1]), let low = value(of: bytes[place + 2])
        else { return nil }
        return high << 4 | low
    }
}
