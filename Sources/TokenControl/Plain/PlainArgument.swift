internal import Glibc

/// One argument of the command line as the kernel passed it: bytes that live as long as the process.
struct PlainArgument {
    let text: UnsafePointer<CChar>

    init(_ text: UnsafePointer<CChar>) { self.text = text }

    /// The rest of the argument, from byte `start` on.
    func from(_ start: Int) -> PlainArgument { PlainArgument(text + start) }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: text, count: strlen(text)) }
    var isEmpty: Bool { text.pointee == 0 }
    var isOption: Bool { text.pointee == CChar(UInt8(ascii: "-")) }

    func equals(_ word: StaticString) -> Bool { begins(with: word) && text[word.utf8CodeUnitCount] == 0 }

    /// Whether this is the option, alone or with `=` and its value.
    func names(_ option: StaticString) -> Bool {
        guard begins(with: option) else { return false }
        let next = text[option.utf8CodeUnitCount]
        return next == 0 || next == CChar(UInt8(ascii: "="))
    }

    /// A decimal number of at most nine digits.
    var number: Int? {
        let bytes = bytes
        guard bytes.count > 0, bytes.count <= 9 else { return nil }
        var number = 0
        for byte in bytes {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            number = number * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return number
    }

    private func begins(with prefix: StaticString) -> Bool {
        // the bytes of a literal, as characters
        return strncmp(text, UnsafeRawPointer(prefix.utf8Start).assumingMemoryBound(to: CChar.self), prefix.utf8CodeUnitCount) == 0
    }
}
