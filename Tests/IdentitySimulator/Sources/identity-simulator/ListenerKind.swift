internal import NIOSSL

/// The kinds of listeners. All except `main` have exactly one defect.
enum ListenerKind: String, CaseIterable, Sendable {
    case main
    /// The certificate has expired.
    case expired
    case notYetValid = "not-yet-valid"
    /// The certificate is for another host.
    case wrongHost = "wrong-host"
    /// The certificate is for another host and this IP address.
    case addressOnly = "address-only"
    /// The certificate names the host only as its common name.
    case commonName = "common-name"
    /// The certificate is from an untrusted CA.
    case untrusted
    /// At most TLS 1.1.
    case tls11
    /// HTTP without TLS.
    case plain

    var scheme: String { self == .plain ? "http" : "https" }

    /// - Parameter names: additional names in the certificate of `main`.
    func certificate(names: [String]) -> CertificatePlan {
        switch self {
        case .main: .loopback(names)
        case .untrusted, .tls11, .plain: .loopback()
        case .expired: dated("20200101000000Z", "20200201000000Z")
        case .notYetValid: dated("20900101000000Z", "20910101000000Z")
        case .wrongHost: CertificatePlan(commonName: "other.example", alternativeNames: ["DNS:other.example"])
        case .addressOnly:
            CertificatePlan(commonName: "other.example", alternativeNames: ["DNS:other.example", "IP:127.0.0.1", "IP:::1"])
        case .commonName: CertificatePlan()
        }
    }

    var versions: (oldest: TLSVersion, newest: TLSVersion) {
        self == .tls11 ? (.tlsv11, .tlsv11) : (.tlsv12, .tlsv13)
    }

    private func dated(_ from: String, _ to: String) -> CertificatePlan {
        var plan = CertificatePlan.loopback()
        plan.validity = (from, to)
        return plan
    }
}
