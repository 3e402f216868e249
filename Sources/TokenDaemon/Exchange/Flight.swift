internal import OAuth
internal import OpenSSL
internal import Secrets
internal import TokenLedger

/// A plan or an errand on its way.
struct Flight {
    enum Work {
        case exchange(ExchangePlan)
        case errand(ErrandPlan)
    }
    let work: Work
    private let began: Moment
    /// Found for it, once they are.
    private(set) var metadata: ServerMetadata?
    private var request: TokenRequest?
    private var sent: Moment
    /// What the endpoint of old metadata said: told when the new metadata know no other one.
    private var refused: ExchangeFailure?
    /// The ID token that is to be believed before anything goes on.
    private(set) var claim: IdentityClaim?
    private var isFrontBelieved = false
    /// What the token endpoint brought, while its ID token is being looked at.
    private var issued: IssuedTokens?
    private var successor: Secret?
    private var identity: VerifiedIdentity?

    init(_ work: Work, at now: Moment) {
        self.work = work
        began = now
        sent = now
    }

    var id: UInt64 {
        switch work {
        case .exchange(let plan): plan.id
        case .errand(let plan): plan.id
        }
    }

    var application: Application {
        switch work {
        case .exchange(let plan): plan.application
        case .errand(let plan): plan.application
        }
    }

    var settings: ServerSettings { application.server }

    /// What is sent with it. A server that sends it back is not quoted.
    var secrets: [Secret] {
        switch work {
        case .exchange(let plan): application.client.secrets + plan.grant.secrets
        case .errand(let plan):
            switch plan.errand {
            case .locate: application.client.secrets
            case .revoke(let token), .probe(let token, _, _): application.client.secrets + [token]
            }
        }
    }

    /// Nanoseconds of BOOTTIME: all of it must be over.
    var deadline: Int64 {
        switch work {
        case .exchange(let plan): began.boot + .seconds(plan.timeout)
        case .errand(let plan): began.boot + .seconds(plan.timeout)
        }
    }

    /// The endpoints that it is about; empty where all of the metadata are (a sign-in that begins, a look at the server).
    var neededEndpoints: [ServerMetadata.Endpoint] {
        switch work {
        case .exchange(let plan): plan.identity?.takesIDToken == true ? [.token, .keys] : [.token]
        case .errand(let plan):
            switch plan.errand {
            case .locate: []
            case .revoke: [.revocation]
            case .probe: [.introspection]
            }
        }
    }

    /// The token endpoint has brought tokens, which only wait to be believed.
    var isIssued: Bool { issued != nil }

    mutating func found(_ metadata: ServerMetadata) { self.metadata = metadata }

    // MARK: the token endpoint

    /// What came through the browser, if it is still to be believed before the code may be sent.
    mutating func takeFront(_ plan: ExchangePlan, at metadata: ServerMetadata) throws(ExchangeFailure) -> Bool {
        guard !isFrontBelieved, case .signIn(let request, let code, let front?, let asked)? = plan.identity else { return false }
        var expectation = IDTokenExpectation(of: request, at: try issuer(metadata), asked: asked).beside(code: code)
        expectation.otherAudiences = application.client.otherAudiences
        claim = try IdentityClaim(front, expectation)
        return true
    }

    /// The token request to send at once. Throws when there is nowhere to send it, or not again.
    mutating func next(_ plan: ExchangePlan, at metadata: ServerMetadata, now: Moment) throws(ExchangeFailure) -> EndpointRequest {
        let endpoint = try metadata.url(of: .token)
        if let refused, request?.endpoint == endpoint { throw refused }
        let request = TokenRequest(plan.grant, as: plan.application.client, at: endpoint, assumesBearer: settings.assumesBearer)
        let message = try request.message()
        self.request = request
        sent = now
        return message
    }

    /// Reads the answer. A refresh token in it is remembered first of all.
    mutating func outcome(of result: EndpointResult, now: Moment) -> ExchangeOutcome {
        guard let request else {
            return .failure(ExchangeFailure(law: .unsent, reach: .credential, text: "an answer came to a request that was never sent"))
        }
        successor = request.successor(in: result)
        return request.outcome(of: result, now: now.wall)
    }

    /// A code is sent once: some servers have used it up with whatever they answered (AC-13).
    var isSpent: Bool {
        guard case .exchange(let plan) = work, case .authorizationCode = plan.grant else { return false }
        return true
    }

    /// Whether newer metadata could help; they are asked for once.
    mutating func isWorthAnotherAddress(_ outcome: ExchangeOutcome) -> Bool {
        guard refused == nil, case .failure(let failure) = outcome, failure.suggestsStaleEndpoint else { return false }
        refused = failure
        return true
    }

    // MARK: ID tokens

    /// Puts the tokens aside until their ID token is believed; `false` when there is none to look at.
    mutating func takeIdentity(_ tokens: IssuedTokens) throws(ExchangeFailure) -> Bool {
        guard case .exchange(let plan) = work, case .signIn(let request, _, _, let asked)? = plan.identity, request.asksForIDToken, let metadata
        else { return false }
        var expectation = IDTokenExpectation(of: request, at: try issuer(metadata), asked: asked)
        expectation.otherAudiences = application.client.otherAudiences
        // both of one sign-in are about one person
        expectation.subject = identity?.subject
        claim = try IdentityClaim(in: tokens, expectation)
        issued = tokens
        return claim != nil
    }

    /// The ID token that came with a refresh. Its signature is checked with the keys that are at hand, or not at all: nothing may come between
    /// a refresh token and the disk.
    func refreshedClaim(_ tokens: IssuedTokens) throws(ExchangeFailure) -> IdentityClaim? {
        guard case .exchange(let plan) = work, case .refresh(let subject, let earlier)? = plan.identity, let issuer = metadata?.issuer else { return nil }
        var expectation = IDTokenExpectation(
            refreshing: subject, at: issuer, for: application.client.id, earlier: earlier.flatMap { try? IDToken($0) })
        expectation.otherAudiences = application.client.otherAudiences
        return try IdentityClaim(in: tokens, expectation)
    }

    /// The ID token is believed: what goes on now, the sending of the code or (with an outcome) the end.
    mutating func believed(_ identity: VerifiedIdentity) -> ExchangeOutcome? {
        claim = nil
        self.identity = identity
        guard let issued else {
            isFrontBelieved = true
            return nil
        }
        return .success(issued)
    }

    mutating func lackedKeys() { claim?.hasAskedAgain = true }

    private func issuer(_ metadata: ServerMetadata) throws(ExchangeFailure) -> String {
        guard let issuer = metadata.issuer else {
            throw ExchangeFailure(law: .configuration, reach: .credential, text: "an ID token can only be checked against an issuer; write it as 'issuer'")
        }
        return issuer
    }

    // MARK: the end

    func report(_ plan: ExchangePlan, _ outcome: ExchangeOutcome, now: Moment) -> ExchangeReport {
        let id = (try? outcome.get()).map { Fingerprint(of: $0.accessToken) }
        return ExchangeReport(
            plan: plan.id, outcome: outcome, sent: sent, id: id, took: now.boot - began.boot, successor: successor,
            identity: (try? outcome.get()) == nil ? nil : identity, isRequested: request != nil)
    }
}

/// An ID token, what it must say, and whether the server was asked for newer keys because of it.
struct IdentityClaim {
    let token: IDToken
    let expectation: IDTokenExpectation
    var hasAskedAgain = false

    init(_ token: Secret, _ expectation: IDTokenExpectation) throws(ExchangeFailure) {
        do throws(IDTokenProblem) { self.token = try IDToken(token) } catch { throw ExchangeFailure(error) }
        self.expectation = expectation
    }

    /// Of the ID token that came with an access token; `nil` when it may be missing and is.
    init?(in tokens: IssuedTokens, _ expectation: IDTokenExpectation) throws(ExchangeFailure) {
        do throws(IDTokenProblem) {
            guard let token = try expectation.token(in: tokens) else { return nil }
            self.token = token
        } catch { throw ExchangeFailure(error) }
        var expectation = expectation
        expectation.accessToken = tokens.accessToken
        self.expectation = expectation
    }

    /// Compares all that can be compared without the server's keys.
    func compare(allowing algorithms: [String], at now: Int64) throws(IDTokenProblem) {
        try expectation.compare(token, allowing: algorithms, now: now) { algorithm, secret in secret.withBytes { algorithm.digest($0) } }
    }

    /// Whether its signature is right. Keys that cannot tell are as good as none.
    func isProven(by keys: JWKSet, allowing algorithms: [String], at now: Int64) throws(IDTokenProblem) -> Bool {
        do throws(IDTokenProblem) {
            return try judge(by: keys, allowing: algorithms, at: now) != nil
        } catch {
            guard error == .unnamedKey || error == .unfitKey else { throw error }
            return false
        }
    }

    /// Who it says has signed in, if these keys can tell; `nil` when newer ones are needed.
    func judge(by keys: JWKSet, allowing algorithms: [String], at now: Int64) throws(IDTokenProblem) -> VerifiedIdentity? {
        switch try token.signature(by: keys, allowing: algorithms) {
        case .needsKeys:
            guard !hasAskedAgain else { throw .unknownKey }
            return nil
        case .check(let check):
            let isRight = check.isRight
            guard isRight || check.isNamed || hasAskedAgain else { return nil }
            let signed = try check.result(isValid: isRight)
            return try expectation.identity(in: signed, now: now) { algorithm, secret in secret.withBytes { algorithm.digest($0) } }
        }
    }
}

extension IdentityCheck {
    /// Whether an ID token may have to be checked.
    fileprivate var takesIDToken: Bool {
        switch self {
        case .signIn(let request, _, _, _): request.asksForIDToken
        case .refresh(let subject, let earlier): subject != nil || earlier != nil
        }
    }
}
