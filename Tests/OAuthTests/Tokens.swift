import Codecs
import Secrets
import Testing
@testable import OAuth

/// RFC 4648 section 5 without padding.
func base64url(_ bytes: some Collection<UInt8>) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    let bits = bytes.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
    return String(
        stride(from: 0, to: bits.count, by: 6).map { start in
            alphabet[(start..<(start + 6)).reduce(0) { $0 << 1 | ($1 < bits.count ? Int(bits[$1]) : 0) }]
        })
}

func base64url(_ text: String) -> String { base64url(Array(text.utf8)) }

/// The example of ERP.net: an ID token that comes with a code, at 1790000200.
enum Example {
    static let issuer = "https://orchid.my.erp.net/id"
    static let client = "com.example.orchid/desk"
    static let kid = "8A9F6D94FA1D65AC20560C29A89F54D3"
    static let issued: Int64 = 1_790_000_200
    static let code = Secret("7C1F0A94D2E35B68A1F7C09E4B2D6358F0E19A7C34B5D682E9017FA3C6B48D25")
    static let state = Secret("q3VnR0s1dGg2TnBZd0J4Mg")
    static let nonce = Secret("n-0c2f1b7e9a")
    static let accessToken = Secret("EXAMPLE.ACCESS.TOKEN")

    static let header = #"{"alg":"RS256","kid":"\#(kid)","typ":"JWT"}"#
    static let claims: [String: String] = [
        "nbf": "1790000200", "exp": "1790000500", "iss": #""\#(issuer)""#, "aud": #""\#(client)""#, "nonce": #""n-0c2f1b7e9a""#,
        "iat": "1790000200", "c_hash": #""TT2ZqtSSEOpFYV3hKrv3GA""#, "s_hash": #""mWVk-zc64MjQy7hyBehqIw""#,
        "sid": #""0B7D5A2C9E1F4836AD51C08E72F3B649""#, "sub": #""m.petrova""#, "auth_time": "1790000095", "idp": #""local""#, "amr": #"["pwd"]"#,
    ]

    /// - Parameter change: JSON values of claims; `nil` removes a claim.
    static func token(_ change: [String: String?] = [:], header: String = header) -> Secret {
        var claims = claims
        for (name, value) in change { claims[name] = value }
        let payload = "{" + claims.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
        return Secret([base64url(header), base64url(payload), base64url("signature")].joined(separator: "."))
    }

    /// A key set in the form of ERP.net's.
    static func keys(_ entries: String...) throws -> JWKSet {
        try #require(JWKSet(JSONObject.read(Secret(#"{"keys":[\#(entries.joined(separator: ","))]}"#)).get()))
    }

    static func rsa(kid: String? = kid, bits: Int = 2048, more: String = #","use":"sig","alg":"RS256""#) -> String {
        let modulus = [UInt8(0x80)] + [UInt8](repeating: 0x5A, count: bits / 8 - 1)
        return #"{"kty":"RSA","e":"AQAB","n":"\#(base64url(modulus))"\#(kid.map { #","kid":"\#($0)""# } ?? "")\#(more)}"#
    }

    /// A token whose signature is taken as valid.
    static func signed(_ token: Secret) throws -> SignedIDToken {
        let algorithms = SigningAlgorithm.allCases.map(\.rawValue)
        let ec = { (curve: PublicKey.Curve) in
            let coordinate = base64url([UInt8](repeating: 7, count: curve.width))
            return #"{"kty":"EC","crv":"\#(curve.rawValue)","x":"\#(coordinate)","y":"\#(coordinate)","kid":"\#(kid)"}"#
        }
        let keys = try keys(rsa(more: ""), ec(.p256), ec(.p384), ec(.p521))
        guard case .check(let check) = try IDToken(token).signature(by: keys, allowing: algorithms) else {
            throw IDTokenProblem.unknownKey
        }
        return try check.result(isValid: true)
    }
}
