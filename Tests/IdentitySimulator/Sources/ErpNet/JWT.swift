internal import Keys

/// Signed tokens in compact form (RFC 7515, RFC 7519), RS256 as ERP.net signs.
package enum JWT {
    /// - Parameters:
    ///   - type: the `typ` header, `at+jwt` or `JWT`.
    ///   - claims: the payload, an object.
    package static func sign(_ claims: JSON, type: String, with entry: KeyRing.Entry) throws -> String {
        try compact(["alg": "RS256", "kid": .string(entry.kid), "typ": .string(type)], claims) { try entry.key.sign($0) }
    }

    static func compact(_ header: JSON, _ claims: JSON, signature: ([UInt8]) throws -> [UInt8]) rethrows -> String {
        let signed = base64url(Array(header.description.utf8)) + "." + base64url(Array(claims.description.utf8))
        return signed + "." + base64url(try signature(Array(signed.utf8)))
    }
}
