import OpenSSL
import Testing

/// A signature made by another implementation.
struct SignedExample: Sendable, CustomTestStringConvertible {
    let source: String
    let algorithm: SignatureAlgorithm
    let key: VerificationKey
    let text: String
    let signature: String

    var testDescription: String { "\(algorithm.rawValue), \(source)" }
}

/// The examples of the standards. For the other algorithms, signatures that plain Python computed from the formulas of RFC 8017 and FIPS 186-4 and
/// that `cryptography` verified. The ES384 signature has a half with a leading zero byte.
enum SignedExamples {
    static let all: [SignedExample] = [
        SignedExample(
            source: "RFC 7515 appendix A.2", algorithm: .rs256,
            key: .rsa(modulus: bytes(rfc7515Modulus), exponent: [1, 0, 1]),
            text: "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0c"
                + "nVlfQ",
            signature: "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr"
                + "7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--x"
                + "i12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_Ioy"
                + "pGlUPQGe77Rw"),
        SignedExample(
            source: "RFC 7515 appendix A.3", algorithm: .es256,
            key: .ec(.p256, x: bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"), y: bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")),
            text: "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0c"
                + "nVlfQ",
            signature: "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"),
        SignedExample(
            source: "RFC 7515 appendix A.4", algorithm: .es512,
            key: .ec(
                .p521,
                x: bytes("AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk"),
                y: bytes("ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2")),
            text: "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA",
            signature: "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJ"
                + "ZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"),
        SignedExample(
            source: "RFC 7520 section 4.2", algorithm: .ps384,
            key: .rsa(modulus: bytes(rfc7520Modulus), exponent: [1, 0, 1]),
            text: "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzL"
                + "CBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmV"
                + "ldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4",
            signature: "cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPp"
                + "cbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lf"
                + "JT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifK"
                + "o8DYM-X72Eaw"),
        SignedExample(
            source: "RFC 8037 appendix A.4", algorithm: .edDSA,
            key: .ed25519(bytes("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")),
            text: "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
            signature: "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"),
        SignedExample(
            source: "plain Python", algorithm: .rs384,
            key: .rsa(modulus: bytes(plainModulus), exponent: [1, 0, 1]),
            text: "eyJhbGciOiAiUlMzODQifQ.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp"
                + "0cnVlfQ",
            signature: "oWvo4YLPrkQth358X6_eAGKbgjXohj5oRoUdfvtQcOXbDQ_3JlYEZ7h_IH_L8Xg9SqILzVzQYhpAHOHwwqYUJ1UM6jAGuYoRaTgqlHdXSTSgHA"
                + "oZgfVjuIRMc0Ko8lt6fwg6tZlrLq5qdMXKc8bqwVLxU3xRqRGmPVvq6v5T0SYyTEjd73nEtVH9hCBXSkI4UVsgdwu8kZLzwnpasURblsjo7c9m"
                + "wvpVvgdk85eIndDbDVcM6uw0zzLKFsKo0hY7diBSyKTWdejML9BHRoEQGU7vWCMubYZa3FRhvmCKoVfXJUL0hwq3za2TKVVavJuB8UEF_ssLDh"
                + "K6vNJaoUhwLQ"),
        SignedExample(
            source: "plain Python", algorithm: .rs512,
            key: .rsa(modulus: bytes(plainModulus), exponent: [1, 0, 1]),
            text: "eyJhbGciOiAiUlM1MTIifQ.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp"
                + "0cnVlfQ",
            signature: "vhkHGwboeJpYlHVoQIhuWLvqrZV58BRHxvxXnDCh0OJeEr485teAkS98bNGvLRv8zLUmRGD8fvkcSdkhFRoVGF0a83xYb8HR_4LtGpJWIFCio2"
                + "t1K-Qe_5o1NpH-b2FC9QTDK2G7HgiWmEW7CuQDjoA6h6cupf1F9UEPyfFtv3yUTYVshlB8ZA501vNut78Al0_nQBWok8-nVyDi9rzv3y1_DhKf"
                + "aIzkAHlpApNt0Dlp4zmMA2HUNJE4CUy4XluWqIUIk-sr86KIZ6qmlRuM6dLznQphFC9uDzoBgh43Fm-3epnDp3J9-mdi5dMOesFchnILuXwFgX"
                + "qrDNt_CMc3Aw"),
        SignedExample(
            source: "plain Python", algorithm: .ps256,
            key: .rsa(modulus: bytes(plainModulus), exponent: [1, 0, 1]),
            text: "eyJhbGciOiAiUFMyNTYifQ.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp"
                + "0cnVlfQ",
            signature: "mlRZwDeRDIVgasogl9g58yZVmM_evuGIlwP15wNHpuW5n0vv1jNuFV59aV6Qa5FVpUaosjUDNU8BGIry7WN4l3Lz7m5tKk0j4bcQhfrLh1K3g5"
                + "LQsBmPXTCiDwWLKqzJeTYIn8FK2N9T2Kds6ftVhQ9yiZSDe1U9UX2RBhCH64iK5pfCVYN2YKSt1XYVmJzh8mOHqWSJjbZ8NkoJ721whZhaRcLV"
                + "yvu86n4PkaIbqZHHjnSDVWSMu1Jy0aeGXSuwElHbbbFWf9AqMEIPt1NS-r33YNJN_BuIESBIwylrYRuPqDdVUCc8eG7BNvwXs9rMQJAaBusTDl"
                + "C1P8NjV2nheA"),
        SignedExample(
            source: "plain Python", algorithm: .ps512,
            key: .rsa(modulus: bytes(plainModulus), exponent: [1, 0, 1]),
            text: "eyJhbGciOiAiUFM1MTIifQ.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp"
                + "0cnVlfQ",
            signature: "dwA1y8HnIOCq2ROfLxdjTXR8YNU7P_7oPI2IMbgrlrkPj89IHIlwvB_tRO1rBRpXJXCpuax2lDiIPQ12Z9wQ3Wqqvr93IFGpkrW6T4ilAjMjxq"
                + "2TRm0n3dvI_HjMxJn4GN53rHMvGFeR7GEtZHgLFgtqfP7H1VejG8twhcvqQkd4v-ryFNhnxniPudTLC4FBXoMzu9LiHYffjsnrCXJKoYtkSqd2"
                + "A4_zGtXJ8nmOAKje46a_Vt3TPF7nA0Zzj4SxoL1v_SSAIkFDumaCNRLWmV8OICOjyWbwdEmSIinhsVDirW1k9-m_NvcWOwLqO0YnjLAgWX2PaU"
                + "Ddgx8udiFFdw"),
        SignedExample(
            source: "plain Python", algorithm: .es384,
            key: .ec(
                .p384,
                x: bytes("gosfVG9LzHcpQG2qeL2P0EMk4GJNvqRb7z6X2jxILN-eSE_JKyAVcuzaU_gbkKRz"),
                y: bytes("6rxm-a3LIcUO6K6fh3RUzNiygorIhulncy2dSsdOYWpGYQGzG13nJoSSk2rmUMSB")),
            text: "eyJhbGciOiAiRVMzODQifQ.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp"
                + "0cnVlfQ",
            signature: "AOTgZCh9nSwd2iKYn8862ggBxsSYZ10nfUhfx5vKvqxf9GSIylI6lxtSHw7ZFi6KcrJK3gRmlBEhSW_yqSrDgtm34wZHRxFg5QlFoEitmL4qd4"
                + "U8RGWhSzeo3_b-gYsj"),
    ]

    /// As the example of PS256, but with a salt of 20 bytes, which RFC 7518 section 3.5 does not allow.
    static let shortSalt =
        "wIHsWHVseypFwJXxfCqSrRpp08sRwLk9bQCqFj8GlXzLF4Zmj5y9un2PMS8d84IaZsvwzrO_L-89mKxh7JHzqzXZ383_nvj_y7ao5WM71TM1Qj"
        + "qwt_xP9en_obSl0Cdx5YKKGBPzmHegVYG_6SO_FVH6XjOtaZ-Tk0yjqsUty6oMNiB3e3i55EAJWt71ea48P9MH12x1FfWC2HFh1w95EFzM1Hqx"
        + "wlJlUx7MGAxVNm38UK8mWP5CsKd3G7oJM_rIIs8pPebzdYQSqtKRoonZFfUrm01DnJybZ9X8VFehO1AoJfNSPRouduia8A7tCcqYdo4Xi5so_E"
        + "eTSaev4X1oYQ"

    private static let rfc7515Modulus =
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-"
        + "pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2Ca"
        + "pHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb5"
        + "4h4FRWyuXpoQ"
    private static let rfc7520Modulus =
        "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqV"
        + "wGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJls"
        + "de3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkq"
        + "gc5gHdrNP5zw"
    private static let plainModulus =
        "xvIhMZivT9yifHpVnEIUIa-o00UAoAIeWHJsz5av3EmMYl-ennbWp38W-cUn5z9fhpZ-hTKWXxBtNtdQHqaR6wo_AW3yEIbjrhMWk2JB-LoU8H"
        + "QDKAApLAe0WCFaOUeDJ0U7xOGSlvB6jVDxEcTDNBprnzI4ibdhRquZ8hnsH-FyAEk3aytZrSNVUdZ2lgRBMp2Wd0cwz5Amcw5O45sbmTlpY1SM"
        + "9O0rNyATQImMu7TWMElFJXJR51uluXlosfmeXCoA6CJZHpqbWsMmT2_s8n9VHOM_OMpJ5KHdl9nTf28dZkBgQ1hVwGNjsCeFQFdV_aoZeccBUM"
        + "w7716RYqE0YQ"

    /// Decodes base64url.
    static func bytes(_ text: String) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var held = 0
        for character in text {
            guard let value = alphabet.firstIndex(of: character) else { return [] }
            bits = bits << 6 | UInt32(value)
            held += 6
            guard held >= 8 else { continue }
            held -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
        }
        return bytes
    }
}
