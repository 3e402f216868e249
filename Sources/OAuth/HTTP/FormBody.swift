internal import Codecs
internal import Secrets

/// A body of `application/x-www-form-urlencoded` parameters, in memory that is wiped.
struct FormBody {
    private let buffer = SecretBuffer()

    init() {}

    /// Adds a parameter; an empty value is omitted (RFC 6749 section 3.2).
    func add(_ name: String, _ value: Secret) {
        guard !value.isEmpty else { return }
        if buffer.count > 0 { buffer.append(UInt8(ascii: "&")) }
        buffer.append(text: name)
        buffer.append(UInt8(ascii: "="))
        buffer.appendFormEncoded(value)
    }

    func add(_ name: String, _ value: String) { add(name, Secret(value)) }

    var secret: Secret { buffer.secret() }
}

extension SecretBuffer {
    /// Form encoding (RFC 6749 appendix B), except that a space is `%20` instead of `+`. Every form decoder accepts both. A server that only
    /// percent-decodes Basic credentials accepts `%20` only.
    func appendFormEncoded(_ value: Secret) { appendPercentEncoded(value) }
}

extension Secret {
    var formEncoded: Secret {
        let buffer = SecretBuffer(capacity: count * 3)
        buffer.appendFormEncoded(self)
        return buffer.secret()
    }
}
