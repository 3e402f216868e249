internal import Secrets

/// A body of `application/x-www-form-urlencoded` parameters, collected in memory that is wiped.
struct FormBody {
    private let buffer = SecretBuffer()

    init() {}

    /// Adds a parameter; an empty one is left out (RFC 6749 section 3.2).
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
    /// Form encoding (RFC 6749 appendix B), but a space is `%20` where HTML writes `+`: every decoder of forms reads both alike, and a
    /// server that only resolves percent signs in Basic credentials reads this one alone.
    func appendFormEncoded(_ value: Secret) { appendPercentEncoded(value) }
}

extension Secret {
    var formEncoded: Secret {
        let buffer = SecretBuffer(capacity: count * 3)
        buffer.appendFormEncoded(self)
        return buffer.secret()
    }
}
