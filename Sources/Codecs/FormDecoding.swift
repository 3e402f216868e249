package import Secrets

extension Secret {
    /// A name or a value of `application/x-www-form-urlencoded` parameters: a plus sign is a space, `%` and two digits are a byte (HTML's form
    /// encoding, RFC 6749 appendix B). `isWhole` is false where a `%` begins no escape; it then stands for itself.
    package static func formDecoded(_ part: UnsafeRawBufferPointer) -> (value: Secret, isWhole: Bool) {
        var isWhole = true
        let value = Secret(capacity: part.count) { room in
            var (place, written) = (0, 0)
            while place < part.count {
                if let byte = Hex.percentDecoded(part, at: place) {
                    room[written] = byte
                    place += 3
                } else {
                    if part[place] == UInt8(ascii: "%") { isWhole = false }
                    room[written] = part[place] == UInt8(ascii: "+") ? UInt8(ascii: " ") : part[place]
                    place += 1
                }
                written += 1
            }
            return written
        }
        return (value, isWhole)
    }
}
