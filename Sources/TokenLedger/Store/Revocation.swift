package import Secrets
package import TokenWire

/// A refresh token that nobody uses any more and that its server has still to revoke (RFC 7009). It outlives the daemon.
package struct Revocation: Hashable, Sendable {
    package var name: TokenName
    /// The server's address, as the configuration named it: no other server may see the token.
    package var server: String
    package var clientID: String
    /// Which sign-in it was the token of, by `grant` and `signedIn` of its record: while that one is in force, nothing is revoked. 0 and 0 where
    /// it is certain that it is not.
    package var grant: UInt64
    package var signedIn: Int64
    package var secret: Secret
    /// Of the secret: tells it from others of the same name.
    package var id: Fingerprint
    /// Seconds since the epoch: when it ends by itself at the latest.
    package var until: Int64

    package init(
        name: TokenName, server: String, clientID: String, grant: UInt64 = 0, signedIn: Int64 = 0, secret: Secret, id: Fingerprint, until: Int64
    ) {
        self.name = name
        self.server = server
        self.clientID = clientID
        self.grant = grant
        self.signedIn = signedIn
        self.secret = secret
        self.id = id
        self.until = until
    }

    package var key: RevocationKey { RevocationKey(name: name, id: id) }

    /// Whether the sign-in of this record is the one that was to end.
    func isOf(_ record: StoredRecord) -> Bool { record.kind == .refresh && record.grant == grant && record.signedIn == signedIn }
}

/// Names a revocation in the store.
package struct RevocationKey: Hashable, Sendable {
    package var name: TokenName
    package var id: Fingerprint

    package init(name: TokenName, id: Fingerprint) {
        self.name = name
        self.id = id
    }
}

/// The bytes of a revocation before they are sealed, numbers with their most significant byte first:
///
///     format 1 │ lengths: name 2, server 2, clientID 2, secret 4 │ grant 8 │ id 8 │ signedIn 8 │ until 8
///     │ name │ server │ clientID │ secret
extension Revocation {
    /// In bytes: a refresh token of 32 KiB, and what belongs to it.
    package static let longest = 40 << 10

    private static let format: UInt8 = 1

    package func bytes() throws(RecordDamage) -> Secret {
        guard !secret.isEmpty else { throw .secret }
        let buffer = SecretBuffer(capacity: 512 + secret.count)
        let texts = [name.description, server, clientID]
        buffer.append(number: Self.format)
        for text in texts { try buffer.append(length: text.utf8.count, as: UInt16.self) }
        try buffer.append(length: secret.count, as: UInt32.self)
        for number in [grant, id.bits] { buffer.append(number: number) }
        for number in [signedIn, until] { buffer.append(number: number) }
        for text in texts { buffer.append(text: text) }
        buffer.append(secret)
        guard buffer.count <= Self.longest else { throw .tooLong }
        return buffer.secret()
    }

    /// From such bytes, all of them.
    package init(bytes: Secret) throws(RecordDamage) {
        guard bytes.count <= Self.longest else { throw .tooLong }
        self = try bytes.withBytes { bytes in Result { () throws(RecordDamage) in try Self.read(RecordReader(bytes)) } }.get()
    }

    private static func read(_ start: RecordReader) throws(RecordDamage) -> Revocation {
        var reader = start
        let format = try reader.number(UInt8.self)
        guard format == Self.format else { throw .format(format) }
        var lengths: [Int] = []
        for _ in 0..<3 { lengths.append(Int(try reader.number(UInt16.self))) }
        lengths.append(Int(try reader.number(UInt32.self)))
        try reader.mustLeave(lengths.reduce(4 * 8, +))
        let (grant, id) = (try reader.serial(), Fingerprint(bits: try reader.number()))
        let (signedIn, until) = (try reader.wallTime(), try reader.wallTime())
        guard let name = TokenName(try reader.text(lengths[0])) else { throw .name }
        let (server, clientID) = (try reader.text(lengths[1]), try reader.text(lengths[2]))
        let secret = try reader.secret(lengths[3])
        guard !secret.isEmpty else { throw .secret }
        return Revocation(
            name: name, server: server, clientID: clientID, grant: grant, signedIn: signedIn, secret: secret, id: id, until: until)
    }
}
