/// A place in a TOML text that moves forward and counts lines.
struct TOMLCursor {
    private let bytes: [UInt8]
    private var position = 0
    private(set) var line = 1

    init(_ text: String) {
        bytes = Array(text.utf8)
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        if bytes.starts(with: byteOrderMark) { position = byteOrderMark.count }
    }

    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// What follows, as far as it goes.
    func next(_ number: Int) -> ArraySlice<UInt8> { bytes[position...].prefix(number) }

    mutating func advance(by number: Int = 1) {
        let end = min(position + number, bytes.count)
        line += bytes[position..<end].count { $0 == UInt8(ascii: "\n") }
        position = end
    }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: scalar) else { return false }
        advance()
        return true
    }

    /// LF, or CR and LF.
    mutating func takeLineEnd() -> Bool {
        let width = next(2).elementsEqual([0x0D, 0x0A]) ? 2 : peek == 0x0A ? 1 : 0
        advance(by: width)
        return width > 0
    }

    /// The longest run of such bytes, perhaps none; for bytes that end no line.
    mutating func run(while holds: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let start = position
        while position < bytes.count, holds(bytes[position]) { position += 1 }
        return bytes[start..<position]
    }

    mutating func skipBlanks() { _ = run { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } }

    /// How many of a byte stand here in a row, up to `most`.
    func count(of byte: UInt8, most: Int) -> Int { next(most).prefix { $0 == byte }.count }
}
