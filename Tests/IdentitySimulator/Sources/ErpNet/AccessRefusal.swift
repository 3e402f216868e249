/// Why the API or the Profile site rejects a request.
package enum AccessRefusal: Error, Equatable, CaseIterable, Sendable {
    case noCredential
    /// ERP.net does not define this case; rejecting it makes such a client visible.
    case severalMethods
    case otherScheme
    case malformed
    case unknownKey
    case badSignature
    case notYetValid
    case expired
    case wrongIssuer
    case wrongAudience
    case unknownReference
    case revokedReference
    case expiredReference
    case scopeMissing
    /// The token is valid, but has no user.
    case serviceOnly

    package var status: Int {
        switch self {
        case .severalMethods: 400
        case .scopeMissing, .serviceOnly: 403
        case .noCredential, .otherScheme, .malformed, .unknownKey, .badSignature, .notYetValid, .expired, .wrongIssuer,
            .wrongAudience, .unknownReference, .revokedReference, .expiredReference:
            401
        }
    }

    package var reason: String {
        switch self {
        case .noCredential: "no credential"
        case .severalMethods: "more than one authentication method in one request"
        case .otherScheme: "this authentication scheme is not accepted"
        case .malformed: "the token is malformed"
        case .unknownKey: "the token is signed with an unknown key"
        case .badSignature: "the token has a wrong signature"
        case .notYetValid: "the token is not valid yet"
        case .expired: "the token has expired"
        case .wrongIssuer: "the token comes from another instance"
        case .wrongAudience: "the token is not for this API"
        case .unknownReference: "the reference token is not known here"
        case .revokedReference: "the reference token was revoked"
        case .expiredReference: "the reference token has expired"
        case .scopeMissing: "the token lacks a scope"
        case .serviceOnly: "no user stands behind this token"
        }
    }

    func reply(challenge: Bool) -> Reply {
        var reply = Reply.json(["message": .string(reason), "code": 0, "type": "AccessDenied", "info": ""], status: status)
        if status == 401 && challenge {
            reply.set("WWW-Authenticate", self == .noCredential ? "Bearer" : "Bearer error=\"invalid_token\"")
        }
        return reply
    }
}
