package import Secrets

/// An authorization response (RFC 6749 section 4.1.2): the query of the redirect, the body of a posted form, or the whole URL that a person copied
/// from the browser. Nothing in it is verified.
package struct AuthorizationResponse: Sendable {
    /// The URL before the question mark, if the whole URL was given.
    let address: Secret?
    let state: Secret?
    let issuer: Secret?
    let code: Secret?
    let idToken: Secret?
    let error: Secret?
    let remark: Secret?
    /// Why the response cannot be used. `description` continues a sentence: "the answer …".
    let problem: String?

    /// In bytes. Codes of several kilobytes exist: they are encrypted sessions.
    private static let longestCode = 8 * 1024
    /// The maximum size of an `error_description` that is read, in bytes. Far fewer are shown.
    private static let longestRemark = 2 * 1024

    package init(_ text: Secret) {
        let parts = text.addressAndParameters
        let parameters = FormParameters(parts.parameters, keeping: ["state", "iss", "code", "id_token", "error", "error_description"])
        address = parts.address
        state = parameters["state"]
        issuer = parameters["iss"]
        code = parameters["code"]
        idToken = parameters["id_token"]
        error = parameters["error"]
        remark = parameters["error_description"].map { $0[0..<min($0.count, Self.longestRemark)] }
        problem = parameters.problem?.description ?? Self.problem(code: code, idToken: idToken)
    }

    private static func problem(code: Secret?, idToken: Secret?) -> String? {
        if let code, code.count > longestCode || !code.isPrintable { return "has an invalid code" }
        if let idToken, !idToken.isBearerToken { return "has an invalid id_token" }
        return nil
    }
}

extension Secret {
    /// Splits a copied URL at its question mark. Bare parameters may begin with a question mark. The fragment is removed, because it never leaves the
    /// browser; some servers add one so that the browser does not keep an earlier one.
    fileprivate var addressAndParameters: (address: Secret?, parameters: Secret) {
        let text = cutAtFragment
        let (mark, isParameter) = text.withBytes { bytes in
            let mark = bytes.firstIndex(of: UInt8(ascii: "?"))
            return (mark, bytes[..<(mark ?? 0)].contains(UInt8(ascii: "=")))
        }
        guard let mark, !isParameter else { return (nil, text) }
        return (mark == 0 ? nil : text[0..<mark], text[(mark + 1)..<text.count])
    }

    private var cutAtFragment: Secret {
        withBytes { $0.firstIndex(of: UInt8(ascii: "#")) }.map { self[0..<$0] } ?? self
    }

    /// VSCHAR of RFC 6749 appendix A.
    fileprivate var isPrintable: Bool { withBytes { $0.allSatisfy { (0x20...0x7E).contains($0) } } }
}
