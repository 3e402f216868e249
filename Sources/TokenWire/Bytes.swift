extension UInt8 {
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")
    static let equals = UInt8(ascii: "=")
    static let percent = UInt8(ascii: "%")
    static let colon = UInt8(ascii: ":")

    /// Printable ASCII including the space.
    @inline(__always)
    var isPrintable: Bool { self &- 0x20 < 0x5F }

    @inline(__always)
    var isLetter: Bool { (self | 0x20) &- UInt8(ascii: "a") < 26 }

    @inline(__always)
    var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }

    /// Printable ASCII without the space.
    @inline(__always)
    var isVisible: Bool { self &- 0x21 < 0x5E }
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    func part(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[range]) }

    /// The offset of the first `byte` at or after `start`. Compares eight bytes at a time.
    func firstOffset(of byte: UInt8, from start: Int = 0) -> Int? {
        let pattern = 0x0101_0101_0101_0101 &* UInt64(byte)
        var place = start
        while place + 8 <= count {
            let difference = UInt64(littleEndian: loadUnaligned(fromByteOffset: place, as: UInt64.self)) ^ pattern
            let zeros = (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
            if zeros != 0 { return place + zeros.trailingZeroBitCount / 8 }
            place += 8
        }
        while place < count {
            if self[place] == byte { return place }
            place += 1
        }
        return nil
    }

    /// Whether the bytes are equal to `text`.
    func matches(_ text: StaticString) -> Bool {
        guard text.utf8CodeUnitCount == count else { return false }
        for place in 0..<count where self[place] != text.utf8Start[place] { return false }
        return true
    }
}
