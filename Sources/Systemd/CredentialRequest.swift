internal import CShims

/// A request of systemd to the socket of `LoadCredential=ID:/path` (systemd.exec(5)): one credential for one unit.
///
/// systemd sends no bytes. It binds its socket to the abstract address `\0<random>/unit/<unit>/<id>` before it connects.
package struct CredentialRequest: Hashable, Sendable {
    /// The unit name as systemd writes it, such as `erp-sync@a\x2db.service`. Always a service.
    package let unit: String
    package let id: String

    /// `nil` unless the bytes are exactly such an address.
    init?(address: [UInt8]) {
        guard address.first == 0, !address.dropFirst().contains(0) else { return nil }
        // neither part contains a slash: systemd escapes it in unit names, and an id is a file name
        let parts = address.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 4, Self.isRandom(parts[0]), parts[1].elementsEqual("unit".utf8),
            isServiceName(parts[2]), isCredentialID(parts[3])
        else { return nil }
        unit = String(decoding: parts[2], as: UTF8.self)
        id = String(decoding: parts[3], as: UTF8.self)
    }

    /// 64 bits in hex, without leading zeros.
    private static func isRandom(_ bytes: some Collection<UInt8>) -> Bool {
        (1...16).contains(bytes.count) && bytes.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}

/// Whether systemd accepts this credential id: a file name of at most 255 printable ASCII characters without a colon.
package func isCredentialID(_ bytes: some Collection<UInt8>) -> Bool {
    (1...255).contains(bytes.count) && !bytes.elementsEqual(".".utf8) && !bytes.elementsEqual("..".utf8)
        && bytes.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") }
}

/// Why a peer of the credential socket is not taken for systemd.
package enum CredentialRequestError: Error, Hashable, Sendable {
    /// The peer is not root. Any process may bind any abstract address.
    case notRoot
    /// The address does not have systemd's form.
    case address
    /// The peer is root, but runs in another unit or in none.
    case otherUnit(claimed: String)
    /// The process ended before its unit was read.
    case gone
}

/// The request of a peer of the credential socket, if the peer is systemd. systemd's child process is root and already runs in the unit for which it
/// asks.
package func credentialRequest(of peer: Peer, address: [UInt8]) -> Result<CredentialRequest, CredentialRequestError> {
    guard peer.uid == 0 else { return .failure(.notRoot) }
    guard let request = CredentialRequest(address: address) else { return .failure(.address) }
    switch peer.unit {
    case .unit(request.unit): return .success(request)
    case .unit, .none, .untold, .missed, .exhausted: return .failure(.otherUnit(claimed: request.unit))
    case .failed: return .failure(.gone)
    }
}

/// The address that the peer's Unix socket is bound to. Empty if it has none.
package func peerAddress(of fd: Int32) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 128) { room, count in
        guard let base = room.baseAddress else { return }
        count = max(tokend_peer_address(fd, base, room.count), 0)
    }
}
