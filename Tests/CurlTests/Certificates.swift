import Foundation

/// Certificates that the `openssl` command makes once per test run, in a temporary folder.
enum Certificates {
    /// Each file has the key and the certificate. All except `stranger` are signed by the CA in `authority`.
    enum Name: String, CaseIterable {
        /// DNS:localhost, IP:127.0.0.1, IP:::1.
        case good
        /// DNS:other.example.
        case otherName
        /// IP:127.0.0.1 only.
        case addressOnly
        /// DNS:127.0.0.1: an IP address written as a DNS name.
        case addressAsName
        /// CN=localhost and no subjectAltName.
        case commonNameOnly
        /// CN=127.0.0.1 and no subjectAltName.
        case commonAddressOnly
        /// DNS:l*host: a wildcard inside a label.
        case partialWildcard
        case expired
        case notYetValid
        /// Signed by the CA in `strangersAuthority`.
        case stranger
    }

    static func file(_ name: Name) throws -> String { try folder.get().appendingPathComponent("\(name.rawValue).pem").path }
    static func authority() throws -> String { try folder.get().appendingPathComponent("authority.pem").path }
    static func strangersAuthority() throws -> String { try folder.get().appendingPathComponent("strangers-authority.pem").path }
    /// The file name of this CA in a CA folder (openssl-rehash(1)).
    static func hash(of authority: String) throws -> String {
        try run("openssl x509 -hash -noout -in '\(authority)' >'\(authority).hash'", in: folder.get())
        return try String(contentsOfFile: "\(authority).hash", encoding: .utf8).trimmingCharacters(in: .newlines)
    }
    private struct Failure: Error { let text: String }

    private static let place = FileManager.default.temporaryDirectory
        .appendingPathComponent("tokend-curl-\(ProcessInfo.processInfo.processIdentifier)")

    private static let folder = Result {
        let folder = place
        atexit { try? FileManager.default.removeItem(at: Certificates.place) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try run(script, in: folder)
        return folder
    }

    private static func run(_ script: String, in folder: URL) throws {
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-euc", script]
        shell.currentDirectoryURL = folder
        let complaints = Pipe()
        shell.standardError = complaints
        shell.standardOutput = FileHandle.nullDevice
        try shell.run()
        let text = complaints.fileHandleForReading.readDataToEndOfFile()
        shell.waitUntilExit()
        guard shell.terminationStatus == 0 else { throw Failure(text: String(decoding: text, as: UTF8.self)) }
    }

    private static let script = """
        authority() {
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.pem -days 2 -subj "/CN=$1" \
                -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
        }
        leaf() {
            openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.csr -subj "/CN=$2"
            printf 'extendedKeyUsage=serverAuth\\n%s\\n' "${3:+subjectAltName=$3}" >$1.ext
            from=$(date -u -d "${5:--1 hour}" +%Y%m%d%H%M%SZ)
            until=$(date -u -d "${6:-+1 day}" +%Y%m%d%H%M%SZ)
            mkdir $1.ca && : >$1.ca/index
            printf '[ca]\\ndefault_ca=c\\n[c]\\nnew_certs_dir=%s.ca\\ndatabase=%s.ca/index\\nrand_serial=yes\\ndefault_md=sha256\\npolicy=p\\n[p]\\ncommonName=supplied\\n' $1 $1 >$1.conf
            openssl ca -batch -notext -config $1.conf -cert ${4:-authority}.pem -keyfile ${4:-authority}.key -in $1.csr -out $1.crt \
                -startdate $from -enddate $until -extfile $1.ext
            cat $1.key $1.crt >$1.pem
        }
        authority authority
        authority strangers-authority
        leaf good a DNS:localhost,IP:127.0.0.1,IP:::1
        leaf otherName localhost DNS:other.example
        leaf addressOnly localhost IP:127.0.0.1
        leaf addressAsName a DNS:127.0.0.1
        leaf commonNameOnly localhost ''
        leaf commonAddressOnly 127.0.0.1 ''
        leaf partialWildcard a DNS:l*host
        leaf expired a DNS:localhost '' '-2 days' '-1 day'
        leaf notYetValid a DNS:localhost '' '+1 day' '+2 days'
        leaf stranger a DNS:localhost strangers-authority
        """
}
