internal import CShims
internal import Glibc

/// Listens where the identity server sends the browser, and nowhere else.
final class LoopbackListener {
    let descriptors: [Int32]

    init(_ address: LoopbackAddress) throws(Failure) {
        var descriptors: [Int32] = []
        var fault: Int32 = 0
        for six in LoopbackListener.families(address.host) {
            let result = tokend_loopback_listen(six, address.port)
            if result >= 0 {
                descriptors.append(result)
            } else if fault == 0 || !LoopbackListener.isAbsence(-result) {
                fault = -result
            }
        }
        // a machine without IPv6 has no ::1; but a port that somebody else holds on either is not ours to share
        if fault != 0, descriptors.isEmpty || !LoopbackListener.isAbsence(fault) {
            descriptors.forEach { close($0) }
            throw LoopbackListener.failure(address, fault)
        }
        self.descriptors = descriptors
    }

    private init(_ descriptor: Int32) { descriptors = [descriptor] }

    /// Listens at 127.0.0.1, at a port that is free; `nil` if that cannot be.
    static func onAnyPort() -> LoopbackListener? {
        let descriptor = tokend_loopback_listen(0, 0)
        return descriptor >= 0 ? LoopbackListener(descriptor) : nil
    }

    /// The number of the port.
    var port: UInt16 { UInt16(clamping: tokend_loopback_port(descriptors[0])) }

    deinit { descriptors.forEach { close($0) } }

    private static func families(_ host: LoopbackAddress.Host) -> [Int32] {
        switch host {
        case .four: [0]
        case .six: [1]
        case .both: [0, 1]
        }
    }

    /// Whether the machine has no such address.
    private static func isAbsence(_ error: Int32) -> Bool { error == EADDRNOTAVAIL || error == EAFNOSUPPORT }

    private static func failure(_ address: LoopbackAddress, _ error: Int32) -> Failure {
        let port = address.port
        switch error {
        case EADDRINUSE:
            return .notSignedIn(
                "port \(port), where the browser is to come back (\(address.text)), is taken: by another login that still waits, or by a program "
                    + "that listens there (ss -ltnp 'sport = :\(port)' shows it); end that and try again, or choose another registered "
                    + "address with --redirect-uri, or use --paste")
        case EACCES:
            return .notSignedIn("port \(port) is below those that everybody may listen at; use --paste, or register an address with a port above 1023")
        default:
            return .notSignedIn("could not listen at \(address.text): \(String(cString: strerror(error))); use --paste")
        }
    }
}
