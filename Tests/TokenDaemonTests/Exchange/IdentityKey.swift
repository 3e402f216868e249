import Codecs
import Foundation
import OpenSSL
import Secrets

/// A key that an identity server signs with, and the ID tokens it signs: made by the `openssl` command, so that nothing of ours vouches
/// for itself.
final class IdentityKey {
    static let present = Result { try IdentityKey(id: "present") }
    static let next = Result { try IdentityKey(id: "next") }

    let id: String
    private let folder: URL
    private let modulus: String

    init(id: String) throws {
        self.id = id
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("tokend-key-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appendingPathComponent("key.pem").path
        _ = try Self.openssl("genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", file)
        let hex = try Self.openssl("rsa", "-in", file, "-noout", "-modulus").dropFirst("Modulus=".utf8.count)
        let digits = String(decoding: hex, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        modulus = base64url(
            stride(from: 0, to: digits.count, by: 2).map { start in
                let from = digits.index(digits.startIndex, offsetBy: start)
                return UInt8(digits[from..<digits.index(from, offsetBy: 2)], radix: 16) ?? 0
            })
    }

    isolated deinit { try? FileManager.default.removeItem(at: folder) }

    /// As it stands in a key set.
    var published: String { published(as: id) }

    /// - Parameter name: `nil` for a key without an id.
    func published(as name: String?, for algorithm: String = "RS256") -> String {
        #"{"kty":"RSA","use":"sig","alg":"\#(algorithm)",\#(name.map { #""kid":"\#($0)","# } ?? "")"e":"AQAB","n":"\#(modulus)"}"#
    }

    /// A token of these claims, which are JSON.
    func signed(_ claims: [String: String], type: String = "JWT", isNamed: Bool = true) throws -> String {
        let payload = "{" + claims.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
        let text = base64url(Array(#"{"alg":"RS256",\#(isNamed ? #""kid":"\#(id)","# : "")"typ":"\#(type)"}"#.utf8)) + "." + base64url(Array(payload.utf8))
        let input = folder.appendingPathComponent("text")
        try Data(text.utf8).write(to: input)
        let signature = try Self.openssl("dgst", "-sha256", "-sign", folder.appendingPathComponent("key.pem").path, input.path)
        return text + "." + base64url(Array(signature))
    }

    private static func openssl(_ words: String...) throws -> Data {
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + words
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return data
    }
}
