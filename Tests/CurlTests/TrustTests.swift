import Curl
import Foundation
import Secrets
import Testing

@Suite(.timeLimit(.minutes(3))) struct `Who is trusted` {
    struct Case: Sendable, CustomTestStringConvertible {
        let certificate: Certificates.Name
        let host: String
        let cause: TransferFailure.Cause
        var testDescription: String { "\(certificate) for \(host)" }
    }

    private static let refused: [Case] = [
        Case(certificate: .otherName, host: "localhost", cause: .certificate(reason: "hostname mismatch")),
        Case(certificate: .addressOnly, host: "localhost", cause: .certificate(reason: "hostname mismatch")),
        Case(certificate: .commonNameOnly, host: "localhost", cause: .certificate(reason: "hostname mismatch")),
        Case(certificate: .partialWildcard, host: "localhost", cause: .certificate(reason: "hostname mismatch")),
        Case(certificate: .otherName, host: "127.0.0.1", cause: .certificate(reason: "IP address mismatch")),
        Case(certificate: .addressAsName, host: "127.0.0.1", cause: .certificate(reason: "IP address mismatch")),
        Case(certificate: .commonAddressOnly, host: "127.0.0.1", cause: .certificate(reason: "IP address mismatch")),
        Case(certificate: .expired, host: "localhost", cause: .certificateTime),
        Case(certificate: .notYetValid, host: "localhost", cause: .certificateTime),
        Case(certificate: .stranger, host: "localhost", cause: .certificate(reason: "unable to get local issuer certificate")),
    ]

    @Test(arguments: refused)
    func `NET-02 DISC-07 a certificate for another name is rejected before a byte is sent`(example: Case) async throws {
        let server = try await ScriptedServer(example.certificate, .tls, .read, .answer("{}"))
        let failure = try await Exchanges().failure(of: .post("a=b", "https://\(example.host):\(server.port)/"))
        #expect(failure.cause == example.cause)
        #expect(failure.phase == .unsent)
        #expect(try await server.events(until: "gone").allSatisfy { $0.event != "request" })
    }

    @Test(arguments: [(Certificates.Name.good, "localhost"), (.good, "LOCALHOST"), (.good, "127.0.0.1"), (.addressOnly, "127.0.0.1")])
    func `NET-02 a certificate for the name is accepted`(certificate: Certificates.Name, host: String) async throws {
        let server = try await ScriptedServer(certificate, .tls, .read, .answer("{}"))
        #expect(try await Exchanges().response(to: .get("https://\(host):\(server.port)/")).status == 200)
    }

    @Test func `NET-02 a private CA is trusted only where it is configured`() async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .answer("{}"))
        let failure = try await Exchanges().failure(of: .get(server.url).with { $0.caFile = nil })
        #expect(failure.cause == .certificate(reason: "unable to get local issuer certificate"))
        #expect(failure.phase == .unsent)
    }

    private static let mayMount = {
        let trial = Process()
        trial.executableURL = URL(fileURLWithPath: "/bin/sh")
        trial.arguments = ["-c", "exec unshare --mount mount -t tmpfs tmpfs /etc/ssl/certs 2>/dev/null"]
        guard (try? trial.run()) != nil else { return false }
        trial.waitUntilExit()
        return trial.terminationStatus == 0
    }()

    private static func function<F>(_ name: String, as type: F.Type) throws -> F { unsafeBitCast(try #require(dlsym(nil, name)), to: F.self) }

    /// Exchanges whose system CA folder has only this CA: their thread inherits a mount namespace.
    private static func exchanges(systemAuthority: String, hash: String) throws -> Exchanges {
        typealias Mount = @convention(c) (UnsafePointer<CChar>?, UnsafePointer<CChar>, UnsafePointer<CChar>?, UInt, UnsafeRawPointer?) -> Int32
        let unshare = try function("unshare", as: (@convention(c) (Int32) -> Int32).self)
        let mount = try function("mount", as: Mount.self)
        try #require(unshare(0x20000) == 0)  // CLONE_NEWNS
        try #require(mount(nil, "/", nil, 0x44000, nil) == 0)  // MS_REC, MS_PRIVATE
        try #require(mount("tmpfs", "/etc/ssl/certs", "tmpfs", 0, nil) == 0)
        try #require(symlink(systemAuthority, "/etc/ssl/certs/\(hash).0") == 0)
        return try Exchanges()
    }

    @Test(.enabled(if: mayMount, "needs to make a mount namespace: root"))
    func `NET-02 with a private CA the folder of system certificates is not used`() async {
        await #expect(processExitsWith: .success) {
            let server = try await ScriptedServer(.good, .tls, .read, .answer("{}"))
            let (authority, hash) = (try Certificates.authority(), try Certificates.hash(of: Certificates.authority()))
            let exchanges = try Self.exchanges(systemAuthority: authority, hash: hash)
            let stranger = try Certificates.strangersAuthority()
            let failure = try await exchanges.failure(of: .get(server.url).with { $0.caFile = stranger })
            #expect(failure.cause == .certificate(reason: "unable to get local issuer certificate"))
        }
    }

    @Test func `a missing CA file is reported as such`() async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .answer("{}"))
        let failure = try await Exchanges().failure(of: .get(server.url).with { $0.caFile = "/nonexistent.pem" })
        #expect(failure.cause == .certificate(reason: "unreadable CA file"))
        #expect(failure.phase == .unsent)
    }

    @Test func `NET-02 a connection that one CA authenticated is not reused with another CA`() async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .answer("{}"), .read, .answer("{}"))
        let exchanges = try Exchanges()
        _ = try await exchanges.response(to: .get(server.url))
        let stranger = try Certificates.strangersAuthority()
        let failure = try await exchanges.failure(of: .get(server.url).with { $0.caFile = stranger })
        #expect(failure.cause == .certificate(reason: "unable to get local issuer certificate"))
        _ = try await exchanges.response(to: .get(server.url))
    }

    @Test(arguments: [("1.1", false), ("1.2", true)])
    func `NET-01 TLS 1.2 is the oldest version`(version: String, isSpoken: Bool) async throws {
        let server = try await ScriptedServer(.good, tls: version, .tls, .read, .answer("{}"))
        switch try await Exchanges().perform(.get(server.url)) {
        case .success: #expect(isSpoken)
        case .failure(let failure):
            #expect(!isSpoken)
            #expect(failure.cause == .tls)
            #expect(failure.phase == .unsent)
        }
    }

    @Test func `NET-01 TLS 1.3 is preferred, and only HTTP 1.1 is offered`() async throws {
        let server = try await ScriptedServer(.good, .tls, .read, .answer("{}"))
        _ = try await Exchanges().response(to: .get(server.url))
        #expect(try await server.next("tls").text == "TLSv1.3 http/1.1")
    }
}
