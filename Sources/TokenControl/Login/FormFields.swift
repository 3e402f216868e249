internal import Secrets

/// The parameters of a query or a form body (`application/x-www-form-urlencoded`), still where they came.
struct FormFields {
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The decoded values of every parameter of this name.
    func values(of name: StaticString) -> [Secret] {
        bytes.split(separator: UInt8(ascii: "&")).compactMap { part in
            let item = UnsafeRawBufferPointer(rebasing: part)
            let end = item.firstIndex(of: UInt8(ascii: "=")) ?? item.count
            guard FormFields.decode(item[..<end]) == Secret(name.description) else { return nil }
            return FormFields.decode(item[min(end + 1, item.count)...])
        }
    }

    /// The decoded value of a parameter that stands exactly once.
    func only(_ name: StaticString) -> Secret? {
        let values = values(of: name)
        return values.count == 1 ? values[0] : nil
    }

    /// `+` is a space; a `%` without two digits stands for itself.
    private static func decode(_ part: Slice<UnsafeRawBufferPointer>) -> Secret {
        let part = UnsafeRawBufferPointer(rebasing: part)
        return Secret(capacity: part.count) { room in
            var place = 0
            var written = 0
            while place < part.count {
                if part[place] == UInt8(ascii: "%"), let byte = escaped(part, at: place) {
                    room[written] = byte
                    place += 3
                } else {
                    room[written] = part[place] == UInt8(ascii: "+") ? UInt8(ascii: " ") : part[place]
                    place += 1
                }
                written += 1
            }
            return written
        }
    }

    private static func escaped(_ part: UnsafeRawBufferPointer, at place: Int) -> UInt8? {
        guard place + 2 < part.count, let high = digit(part[place + 1]), let low = digit(part[place + 2]) else { return nil }
        return high << 4 | low
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
