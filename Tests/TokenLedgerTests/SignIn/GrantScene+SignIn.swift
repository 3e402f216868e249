import OAuth
import Secrets
import TokenWire
@testable import TokenLedger

/// LOGIN, CALLBACK and their like, for tests about what becomes of a sign-in.
extension GrantScene {
    /// LOGIN and the server's metadata: the waiter of LOGIN. `number` names the sign-in from then on.
    mutating func login(_ number: UInt64, _ token: TokenName = user, by caller: Caller = alice, isLocated: Bool = true) throws -> UInt64 {
        let settings = try ledger.policy.authoriseLogin(token.description, for: caller).get()
        let entropy = SignInEntropy(
            id: LoginID(number, number), state: Secret("state-\(number)"), nonce: Secret("nonce-\(number)"), verifier: Secret("verifier-\(number)"),
            challenge: "challenge-\(number)")
        let waiter = request { $0.login(settings, redirectURI: nil, for: caller, entropy, waiter: $1, at: $2) }
        if isLocated, case .locate? = errands.last?.errand, let errand = errands.popLast() {
            let metadata = try Self.metadata()
            run { $0.finished(ErrandReport(id: errand.id, result: .located(.success(metadata))), at: $1) }
        }
        return waiter
    }

    mutating func callback(_ number: UInt64, by caller: Caller = alice) -> UInt64 {
        request { $0.callback(LoginID(number, number), Secret("code=abc&state=state-\(number)"), for: caller, waiter: $1, at: $2) }
    }

    mutating func confirm(_ number: UInt64) -> UInt64 { request { $0.confirm(LoginID(number, number), for: Self.alice, waiter: $1, at: $2) } }

    mutating func cancel(_ number: UInt64, by caller: Caller = alice) -> UInt64 {
        request { $0.cancel(LoginID(number, number), for: caller, waiter: $1, at: $2) }
    }

    /// The refresh tokens that a server was told to forget.
    var revoked: [String] {
        errands.compactMap { errand in
            guard case .revoke(let secret) = errand.errand else { return nil }
            return secret.withBytes { String(decoding: $0, as: UTF8.self) }
        }
    }

    static func metadata() throws -> ServerMetadata {
        var server = MetadataCache(ServerSettings(location: .issuer("https://id.test")))
        _ = server.ask(at: 0)
        let document =
            #"{"issuer":"https://id.test","token_endpoint":"https://id.test/token","authorization_endpoint":"https://id.test/authorize","#
            + #""jwks_uri":"https://id.test/keys","end_session_endpoint":"https://id.test/end"}"#
        let answer = EndpointResult.response(EndpointResponse(status: 200, body: Secret(document)))
        guard case .settled(let result) = server.receive(answer, at: 0, wall: 0) else { throw NoMetadata() }
        return try result.get()
    }
    struct NoMetadata: Error {}
}
