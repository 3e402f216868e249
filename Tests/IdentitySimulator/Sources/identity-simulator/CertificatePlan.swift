/// The content of a server certificate.
struct CertificatePlan: CustomStringConvertible {
    var commonName = "localhost"
    /// In the syntax of `openssl`: `DNS:localhost`, `IP:127.0.0.1`. Empty: only a common name.
    var alternativeNames: [String] = []
    /// `YYYYMMDDhhmmssZ`; `nil` is from now for 825 days.
    var validity: (from: String, to: String)?

    var extensions: String {
        let names = alternativeNames.isEmpty ? "" : "subjectAltName = \(alternativeNames.joined(separator: ","))\n"
        return """
            basicConstraints = critical,CA:FALSE
            keyUsage = critical,digitalSignature
            extendedKeyUsage = serverAuth
            subjectKeyIdentifier = hash
            authorityKeyIdentifier = keyid
            \(names)
            """
    }

    /// Identifies the plan.
    var description: String {
        "\(commonName) \(alternativeNames.joined(separator: ",")) \(validity.map { "\($0.from) \($0.to)" } ?? "")\n"
    }

    /// The certificate for localhost and the given names or addresses.
    static func loopback(_ names: [String] = []) -> CertificatePlan {
        let others = names.map { isAddress($0) ? "IP:\($0)" : "DNS:\($0)" }
        return CertificatePlan(alternativeNames: ["DNS:localhost", "IP:127.0.0.1", "IP:::1"] + others)
    }

    private static func isAddress(_ name: String) -> Bool {
        name.contains(":") || name.allSatisfy { $0.isNumber || $0 == "." }
    }
}
