internal import NIOSSL

/// A way to be reached. All but `main` are wrong in one point and right in every other.
enum ListenerKind: String, CaseIterable, Sendable {
    case main
    /// The certificate ran out years ago.
    case expired
    case notYetValid = "not-yet-valid"
    /// The certificate is another host's.
    case wrongHost = "wrong-host"
    /// The certificate is another host's, and this address's.
    case addressOnly = "address-only"
    /// The certificate names the host only as its common name.
    case commonName = "common-name"
    /// The certificate comes from an authority that nobody trusts.
    case untrusted
    /// Nothing newer than TLS 1.1.
    case tls11
    /// HTTP without TLS.
    case plain

    var scheme: String { self == .plain ? "http" : "https" }

    /// - Parameter names: what the certificate of `main` holds besides localhost.
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
