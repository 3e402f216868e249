import ErpNet
import Foundation
import Keys
import Testing

struct SignatureTests {
    @Test func `SIM-14 an access token verifies with the openssl command`() throws {
        var instance = try Instance()
        let token = try instance.serviceToken()
        #expect(try verifiedByOpenSSL(token, with: try Instance.key.get()))
        #expect(try verifiedByOpenSSL(tampered(token), with: try Instance.key.get()) == false)
    }

    @Test func `SIM-14 the header and the claims are those of a service`() throws {
        var instance = try Instance()
        let token = try instance.serviceToken()
        let header = try object(token, part: 0)
        #expect(header["alg"] as? String == "RS256")
        #expect(header["typ"] as? String == "at+jwt")
        #expect(header["kid"] as? String == instance.identity.keys.signing.kid)
        let claims = try object(token, part: 1)
        #expect(claims["iss"] as? String == "https://orchid.my.erp.net/id")
        #expect(claims["aud"] as? [String] == ["DomainAPI", "TableAPI", "OLAP", "AppServer", "https://orchid.my.erp.net/id/resources"])
        #expect(claims["scope"] as? [String] == ["read", "update"])
        #expect(claims["client_id"] as? String == "demo.app/sync")
        #expect(claims["client_system_user"] as? String == "svc.sync")
        #expect(claims["client_db"] as? String == "ORCHID PROD")
        #expect([claims["nbf"], claims["iat"]].allSatisfy { $0 as? Int == Instance.start })
        #expect(claims["exp"] as? Int == Instance.start + 3600)
        #expect((claims["jti"] as? String)?.count == 32)
        for absent in ["sub", "sid", "id", "db"] { #expect(claims[absent] == nil) }
    }

    @Test func `SIM-03 a saved key signs with the same kid after a restart`() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("key-\(UUID()).pem").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let key = try RSAKey.generate()
        try key.save(pem: path)
        let loaded = try RSAKey.load(pem: path)
        #expect(KeyRing(signing: loaded).signing.kid == KeyRing(signing: key).signing.kid)
        #expect(loaded.verifies(try key.sign([1, 2, 3]), of: [1, 2, 3]))
    }

    @Test func `a file without a key is refused by name`() {
        #expect(throws: KeyError.self) { try RSAKey.load(pem: "/dev/null") }
    }

    private func object(_ token: String, part: Int) throws -> [String: Any] {
        let bytes = try #require(base64urlDecoded(token.split(separator: ".")[part]))
        return try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    private func tampered(_ token: String) -> String {
        let parts = token.split(separator: ".")
        return "\(parts[0]).\(parts[1])x.\(parts[2])"
    }

    private func verifiedByOpenSSL(_ token: String, with key: RSAKey) throws -> Bool {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("jwt-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = { folder.appendingPathComponent($0).path }
        let parts = token.split(separator: ".")
        try key.save(pem: path("key"))
        try Data("\(parts[0]).\(parts[1])".utf8).write(to: folder.appendingPathComponent("signed"))
        try Data(try #require(base64urlDecoded(parts[2]))).write(to: folder.appendingPathComponent("signature"))
        #expect(try openssl("pkey", "-in", path("key"), "-pubout", "-out", path("public")))
        return try openssl("dgst", "-sha256", "-verify", path("public"), "-signature", path("signature"), path("signed"))
    }

    private func openssl(_ arguments: String...) throws -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
