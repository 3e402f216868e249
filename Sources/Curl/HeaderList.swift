internal import CCurl
internal import CShims
internal import Secrets

/// Request headers as a `curl_slist`, in memory that is wiped in `deinit`. `curl_slist_append` would copy a secret into memory that is not wiped.
final class HeaderList {
    private var nodes: UnsafeMutableBufferPointer<curl_slist>
    private var texts: [UnsafeMutableRawBufferPointer] = []

    /// The list for `CURLOPT_HTTPHEADER`. It is valid as long as this object.
    var first: UnsafeMutablePointer<curl_slist>? { nodes.isEmpty ? nil : nodes.baseAddress }

    /// - Parameter without: headers that libcurl adds itself and must not send.
    /// - Throws: `.badURL` for a name that is not a token, or a value with a control character (RFC 9110 section 5).
    init(_ headers: [(name: String, value: Secret)], without: [String]) throws(TransferFailure) {
        nodes = .allocate(capacity: headers.count + without.count)
        nodes.initialize(repeating: curl_slist())
        for (name, value) in headers {
            guard Self.isToken(name), Self.isFieldValue(value) else {
                throw TransferFailure(phase: .unsent, cause: .badURL, text: "a request header holds a character that may not be sent")
            }
            texts.append(Self.line(name + (value.isEmpty ? ";" : ": "), value))
        }
        texts += without.map { Self.line($0 + ":", Secret("")) }
        link()
    }

    deinit {
        for text in texts {
            if let base = text.baseAddress { tokend_wipe(base, text.count) }
            text.deallocate()
        }
        nodes.deallocate()
    }

    private func link() {
        for (index, text) in texts.enumerated() {
            // `curl_slist` declares characters; the memory is never bound to another type
            nodes[index].data = text.baseAddress?.assumingMemoryBound(to: CChar.self)
            nodes[index].next = index + 1 < nodes.count ? nodes.baseAddress.map { $0 + index + 1 } : nil
        }
    }

    /// Name, value and a NUL. For libcurl, `name:` removes a header and `name;` sends it with an empty value.
    private static func line(_ name: String, _ value: Secret) -> UnsafeMutableRawBufferPointer {
        let head = Array(name.utf8)
        let text = UnsafeMutableRawBufferPointer.allocate(byteCount: head.count + value.count + 1, alignment: 1)
        text.copyBytes(from: head)
        value.withBytes { UnsafeMutableRawBufferPointer(rebasing: text[head.count...]).copyMemory(from: $0) }
        text[text.count - 1] = 0
        return text
    }

    private static func isToken(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default:
                    false
                }
            }
    }

    private static func isFieldValue(_ value: Secret) -> Bool {
        value.withBytes { $0.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7f) } }
    }
}
