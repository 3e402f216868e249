package import Keys

/// The signing keys of an instance, published or not.
package struct KeyRing: Sendable {
    /// A key is announced, then signs, and stays published for a time afterwards.
    package enum Phase: String, Sendable {
        case announced, signing, retired
    }

    package struct Entry: Sendable {
        /// 32 upper-case hex digits.
        package let kid: String
        package let key: RSAKey
        package internal(set) var phase: Phase
        /// The number of fetches until the key set contains this key: 0 is now, `nil` is never.
        package internal(set) var hiddenFetches: Int?
    }

    package private(set) var entries: [Entry]
    private let first: Entry

    /// - Parameter key: signs from the start. Its `kid` is derived from its modulus, so that it is the same after a restart.
    package init(signing key: RSAKey) {
        let kid = hex(sha256(key.modulus).prefix(16)).uppercased()
        first = Entry(kid: kid, key: key, phase: .signing, hiddenFetches: 0)
        entries = [first]
    }

    /// Resets to the first key only.
    package mutating func reset() { entries = [first] }

    /// The current signing key. There always is one, because `remove` rejects it.
    package var signing: Entry { entries.first { $0.phase == .signing } ?? first }

    /// A key that was not removed, published or not.
    package func key(_ kid: String) -> RSAKey? { entries.first { $0.kid == kid }?.key }

    /// Adds a key that does not sign yet, and returns its `kid`.
    package mutating func announce(_ key: RSAKey) -> String {
        add(key, hiddenFetches: 0)
    }

    /// Announces a key and signs with it immediately. The old key is retired.
    package mutating func rotate(to key: RSAKey) throws(ControlError) -> String {
        let kid = add(key, hiddenFetches: 0)
        try sign(with: kid)
        return kid
    }

    /// Signs with a key that the key set contains only after some fetches, or never.
    package mutating func signUnpublished(_ key: RSAKey, fetches: Int?) throws(ControlError) -> String {
        let kid = add(key, hiddenFetches: fetches)
        try sign(with: kid)
        return kid
    }

    package mutating func sign(with kid: String) throws(ControlError) {
        let chosen = try index(of: kid)
        for other in entries.indices where entries[other].phase == .signing { entries[other].phase = .retired }
        entries[chosen].phase = .signing
    }

    /// Removes a key from the key set. Its tokens are no longer accepted.
    package mutating func remove(_ kid: String) throws(ControlError) {
        let chosen = try index(of: kid)
        guard entries[chosen].phase != .signing else { throw ControlError("\"\(kid)\" signs; rotate first") }
        entries.remove(at: chosen)
    }

    /// The key set for one fetch (RFC 7517), which counts for hidden keys.
    package mutating func fetch() -> JSON {
        let visible = entries.filter { $0.hiddenFetches == 0 }
        for hidden in entries.indices {
            if let fetches = entries[hidden].hiddenFetches, fetches > 0 { entries[hidden].hiddenFetches = fetches - 1 }
        }
        return ["keys": .array(visible.map(\.publicKey))]
    }

    private mutating func add(_ key: RSAKey, hiddenFetches: Int?) -> String {
        let kid = randomHex(bytes: 16)
        entries.append(Entry(kid: kid, key: key, phase: .announced, hiddenFetches: hiddenFetches))
        return kid
    }

    private func index(of kid: String) throws(ControlError) -> Int {
        guard let index = entries.firstIndex(where: { $0.kid == kid }) else { throw ControlError("no key \"\(kid)\"") }
        return index
    }
}

extension KeyRing.Entry {
    /// The public half as a JWK.
    package var publicKey: JSON {
        [
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": .string(kid),
            "e": .string(base64url(key.exponent)), "n": .string(base64url(key.modulus)),
        ]
    }
}
