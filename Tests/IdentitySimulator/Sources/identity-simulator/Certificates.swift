internal import NIOSSL

/// The two CAs of the simulator, one trusted and one not, and their TLS configurations.
struct Certificates: Sendable {
    private let trusted: CertificateAuthority
    private let untrusted: CertificateAuthority
    private let names: [String]

    /// The CA file for clients.
    var authorityFile: String { trusted.certificate }

    /// - Parameter names: additional names in the main certificate.
    init(folder: String, names: [String]) throws {
        self.names = names
        trusted = try CertificateAuthority(folder: folder + "/tls", certificate: folder + "/ca.pem", name: "tokend test CA")
        untrusted = try CertificateAuthority(
            folder: folder + "/tls-untrusted", certificate: folder + "/tls-untrusted/ca.pem", name: "untrusted test CA")
    }

    /// `nil`: no TLS.
    func context(for kind: ListenerKind) throws -> NIOSSLContext? {
        guard kind != .plain else { return nil }
        let authority = kind == .untrusted ? untrusted : trusted
        let files = try authority.server(kind.rawValue, kind.certificate(names: names))
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(files.certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem)))
        configuration.minimumTLSVersion = kind.versions.oldest
        configuration.maximumTLSVersion = kind.versions.newest
        configuration.applicationProtocols = ["http/1.1"]
        return try NIOSSLContext(configuration: configuration)
    }
}
