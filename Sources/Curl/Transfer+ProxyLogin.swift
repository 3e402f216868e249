internal import Codecs
internal import Secrets

extension Transfer.ProxyLogin {
    /// `user:password`, both percent-encoded (RFC 3986 section 2.1), and a NUL.
    var percentEncodedCString: Secret {
        let buffer = SecretBuffer(capacity: 3 * (user.utf8.count + password.count) + 2)
        buffer.appendPercentEncoded(Secret(user))
        buffer.append(UInt8(ascii: ":"))
        buffer.appendPercentEncoded(password)
        buffer.append(0 as UInt8)
        return buffer.secret()
    }
}
