/// A systemd unit as a rule names it: exact, or with `*` for any run of characters (`erp-sync@*.service`). Only `.service` units.
package struct UnitPattern: Hashable, Sendable, CustomStringConvertible {
    package let description: String
    private let pieces: [[UInt8]]

    /// `nil` unless it ends in `.service` and holds only characters of a unit name and `*`.
    package init?(_ text: String) {
        guard text.hasSuffix(".service"), text.utf8.count <= 255, text != ".service", text.utf8.allSatisfy(Self.isUnitByte) else { return nil }
        description = text
        pieces = text.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map { Array($0) }
    }

    package var isExact: Bool { pieces.count == 1 }

    /// What every unit that matches begins with: all before the first `*`.
    var beginning: String { pieces.first.map { String(decoding: $0, as: UTF8.self) } ?? "" }

    package func matches(_ unit: String) -> Bool {
        guard pieces.count > 1 else { return unit == description }
        let name = Array(unit.utf8)
        guard let first = pieces.first, let last = pieces.last,
            name.count >= first.count + last.count, name.starts(with: first), name.suffix(last.count).elementsEqual(last)
        else { return false }
        return Self.holds(pieces.dropFirst().dropLast(), in: name[first.count..<(name.count - last.count)])
    }

    /// Whether the pieces occur one after the other; the leftmost fit of each leaves most room for the rest.
    private static func holds(_ pieces: ArraySlice<[UInt8]>, in name: ArraySlice<UInt8>) -> Bool {
        var rest = name
        for piece in pieces where !piece.isEmpty {
            guard let start = rest.indices.first(where: { rest[$0...].starts(with: piece) }) else { return false }
            rest = rest[(start + piece.count)...]
        }
        return true
    }

    private static func isUnitByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "\\"), UInt8(ascii: "@"), UInt8(ascii: "*"): true
        default: false
        }
    }
}
