package import Secrets

/// base64url without padding (RFC 4648 section 5), as RFC 7515 and RFC 7636 use it.
package func base64url(_ bytes: UnsafeRawBufferPointer) -> String {
    let length = encodedLength(bytes.count)
    return String(unsafeUninitializedCapacity: length) { room in
        encode(bytes, into: UnsafeMutableRawBufferPointer(room))
        return length
    }
}

package func base64url(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { base64url($0) } }

extension Secret {
    /// This secret in base64url.
    package var base64url: Secret {
        withBytes { bytes in
            Secret(capacity: encodedLength(bytes.count)) { room in
                encode(bytes, into: room)
                return encodedLength(bytes.count)
            }
        }
    }
}

private func encodedLength(_ count: Int) -> Int { (count * 4 + 2) / 3 }

private let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/// Encodes six bits at a time. The last group is padded with zero bits.
private func encode(_ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) {
    var bits: UInt32 = 0
    var held = 0
    var end = 0
    func put(_ sextet: UInt32) {
        room[end] = alphabet.utf8Start[Int(sextet & 63)]
        end += 1
    }
    for byte in bytes {
        bits = bits << 8 | UInt32(byte)
        held += 8
        while held >= 6 {
            held -= 6
            put(bits >> UInt32(held))
        }
    }
    if held > 0 { put(bits << UInt32(6 - held)) }
}
