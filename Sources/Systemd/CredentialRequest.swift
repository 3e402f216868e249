internal import CShims

/// What systemd asks of the socket behind a `LoadCredential=ID:/path` (systemd.exec(5)): one credential for one unit.
///
/// systemd says it in the abstract address that it binds before it connects, `\0<random>/unit/<unit>/<id>`, and in nothing else.
package struct CredentialRequest: Hashable, Sendable {
    /// As systemd names it, `erp-sync@a\x2db.service`; always a service.
    package let unit: String
    package let id: String

    /// `nil` unless the bytes are exactly such an address.
    init?(address: [UInt8]) {
        guard address.first == 0, !address.dropFirst().contains(0) else { return nil }
        // neither part has a slash of its own: systemd escapes those of a unit's name, and an id is a file name
        let parts = address.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 4, Self.isRandom(parts[0]), parts[1].elementsEqual("unit".utf8),
            isServiceName(parts[2]), isCredentialID(parts[3])
        else { return nil }
        unit = String(decoding: parts[2], as: UTF8.self)
        id = String(decoding: parts[3], as: UTF8.self)
    }

    /// systemd prints 64 bits, without leading zeros.
    private static func isRandom(_ bytes: some Collection<UInt8>) -> Bool {
        (1...16).contains(bytes.count) && bytes.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}

/// Whether systemd takes this for the id of a credential: a file name of at most 255 printable ASCII characters without a colon.
package func isCredentialID(_ bytes: some Collection<UInt8>) -> Bool {
    (1...255).contains(bytes.count) && !bytes.elementsEqual(".".utf8) && !bytes.elementsEqual("..".utf8)
        && bytes.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") }
}

/// Why whoever connected to the credential socket is not taken for systemd.
package enum CredentialRequestError: Error, Hashable, Sendable {
    /// Any process may bind any abstract address; only root's may be systemd's.
    case notRoot
    /// It asked for nothing in systemd's form.
    case address
    /// It is root, and runs elsewhere: in another service, or in none.
    case otherUnit(claimed: String)
    /// It ended before it was looked at.
    case gone
}

/// What a peer of the credential socket asks for, if it is systemd: a process of root's that already runs in the unit it asks for, as
/// systemd's child does that will become the unit.
package func credentialRequest(of peer: Peer, address: [UInt8]) -> Result<CredentialRequest, CredentialRequestError> {
    guard peer.uid == 0 else { return .failure(.notRoot) }
    guard let request = CredentialRequest(address: address) else { return .failure(.address) }
    switch peer.unit {
    case .unit(request.unit): return .success(request)
    case .unit, .none, .untold, .missed, .exhausted: return .failure(.otherUnit(claimed: request.unit))
    case .failed: return .failure(.gone)
    }
}

/// The address that the other end of a Unix socket is bound to; empty when it has none.
package func peerAddress(of fd: Int32) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 128) { room, count in
        guard let base = room.baseAddress else { return }
        count = max(tokend_peer_address(fd, base, room.count), 0)
    }
}
