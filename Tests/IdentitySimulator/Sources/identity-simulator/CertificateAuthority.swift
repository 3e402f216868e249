/// A private CA, managed with the `openssl` command. Files of an earlier run are reused.
struct CertificateAuthority: Sendable {
    private let folder: String
    /// The CA certificate, PEM.
    let certificate: String

    /// - Parameters:
    ///   - folder: contains its key and its issued certificates.
    ///   - certificate: the path of its certificate, which may not exist yet.
    init(folder: String, certificate: String, name: String) throws {
        self.folder = folder
        self.certificate = certificate
        try makeFolder(folder, mode: 0o755)
        try makeFolder(folder + "/issued")
        if !fileExists(folder + "/index.txt") { try writeFile(folder + "/index.txt", "") }
        try writeFile(folder + "/openssl.cnf", configuration)
        if !fileExists(certificate) { try makeAuthority(name: name) }
    }

    /// The certificate and key files of a server. New ones are made if there are none, if they expire within a day, or if they have another plan.
    func server(_ file: String, _ plan: CertificatePlan) throws -> (certificate: String, key: String) {
        let path = "\(folder)/\(file)"
        let files = (certificate: path + ".pem", key: path + ".key")
        guard readFile(path + ".plan") != plan.description || !isGood(files.certificate, plan) else { return files }
        try issue(path, plan)
        try writeFile(path + ".plan", plan.description)
        return files
    }

    private func isGood(_ certificate: String, _ plan: CertificatePlan) -> Bool {
        if plan.validity != nil { return fileExists(certificate) }
        return (try? run(["x509", "-in", certificate, "-noout", "-checkend", "86400"])) != nil
    }

    private func makeAuthority(name: String) throws {
        try run([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-sha256", "-days", "3650",
            "-config", folder + "/openssl.cnf", "-extensions", "authority", "-subj", "/CN=\(name)",
            "-keyout", folder + "/ca.key", "-out", certificate,
        ])
    }

    private func issue(_ path: String, _ plan: CertificatePlan) throws {
        try run([
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-sha256",
            "-config", folder + "/openssl.cnf", "-subj", "/CN=\(plan.commonName)",
            "-keyout", path + ".key", "-out", path + ".csr",
        ])
        try writeFile(path + ".ext", plan.extensions)
        let validity = plan.validity.map { ["-startdate", $0.from, "-enddate", $0.to] } ?? ["-days", "825"]
        try run(
            [
                "ca", "-batch", "-notext", "-config", folder + "/openssl.cnf", "-extfile", path + ".ext",
                "-in", path + ".csr", "-out", path + ".pem",
            ] + validity)
    }

    private func run(_ arguments: [String]) throws {
        try openssl(arguments, log: folder + "/openssl.log")
    }

    private var configuration: String {
        """
        [ca]
        default_ca = site
        [site]
        database = \(folder)/index.txt
        new_certs_dir = \(folder)/issued
        certificate = \(certificate)
        private_key = \(folder)/ca.key
        rand_serial = yes
        unique_subject = no
        default_md = sha256
        policy = any
        [any]
        commonName = supplied
        [req]
        distinguished_name = name
        [name]
        [authority]
        basicConstraints = critical,CA:TRUE
        keyUsage = critical,keyCertSign,cRLSign
        subjectKeyIdentifier = hash

        """
    }
}
