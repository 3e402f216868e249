package import OAuth
package import Secrets
package import TokenLedger
internal import TokenWire

/// What is tried of one application, one thing after the other, and what it shows. A value: answers in, the next step and lines out.
package struct OnlineInquiry {
    /// Something that the network is asked.
    package enum Step {
        case locate
        /// `more`: asked for afterwards, if this is granted
        case exchange(TokenSettings, scopes: [String], more: [String]?)
        case look(ReachabilityCheck, at: HTTPSURL)
        case prove(RevocationRequest)
        case keys(HTTPSURL)
        case probe(TokenSettings, Secret, ReferenceSettings.Probe)
    }

    package enum Answer {
        case located(Result<ServerMetadata, ExchangeFailure>)
        case exchanged(ExchangeOutcome)
        case looked(Result<Int, ExchangeFailure>)
        case proven(RevocationRequest.Outcome)
        case keys(Result<JWKSet, ExchangeFailure>)
        case probed(TokenHealth)
    }

    enum Item {
        case step(Step)
        case finding(OnlineFinding)
    }

    package let subject: OnlineSubject
    /// Wall time in seconds.
    private let now: Int64
    private var items: [Item] = []
    private var current: Step?
    package private(set) var findings: [OnlineFinding] = []

    package init(_ subject: OnlineSubject, now: Int64) {
        self.subject = subject
        self.now = now
        if let obstacle = subject.obstacle {
            items = [.finding(OnlineFinding(subject.name, .untried, obstacle))]
            return
        }
        items = subject.needsServer ? [.step(.locate)] : []
        items += subject.tokens.filter { !$0.needsServer }.map(referenceItem)
    }

    /// What to ask next; `nil` at the end.
    package mutating func next() -> Step? {
        current = nil
        while current == nil, !items.isEmpty {
            switch items.removeFirst() {
            case .step(let step): current = step
            case .finding(let finding): findings.append(finding)
            }
        }
        return current
    }

    /// What came of the step that was asked last.
    package mutating func receive(_ answer: Answer) {
        switch (current, answer) {
        case (.locate?, .located(.success(let metadata))): located(metadata)
        case (.locate?, .located(.failure(let failure))): notLocated(failure)
        case (.exchange(let token, let scopes, let more)?, .exchanged(let outcome)): exchanged(token, scopes, more, outcome)
        case (.look(_, let url)?, .looked(let result)): looked(url, result)
        case (.prove?, .proven(let outcome)): proven(outcome)
        case (.keys(let url)?, .keys(let result)): findings.append(keys(url, result))
        case (.probe(let token, _, let probe)?, .probed(let health)): findings.append(probed(token, probe, health))
        case (_, .located), (_, .exchanged), (_, .looked), (_, .proven), (_, .keys), (_, .probed): break
        }
    }

    // MARK: the server

    private mutating func notLocated(_ failure: ExchangeFailure) {
        findings.append(OnlineFinding(subject.name, failure))
        let untried = subject.tokens.filter(\.needsServer).map { OnlineFinding("\($0.name)", .untried, "its server was not found") }
        items.insert(contentsOf: untried.map(Item.finding), at: 0)
    }

    private mutating func located(_ metadata: ServerMetadata) {
        findings += Self.place(subject.name, metadata)
        var next: [Item] = []
        let signIns = subject.tokens.filter { $0.grant.kind == .authorizationCode }
        if subject.client == nil || !subject.tokens.contains(where: { $0.grant == .clientCredentials }) { next += tokenEndpointItems(metadata) }
        if !signIns.isEmpty {
            next.append(.finding(ends(of: metadata)))
            next += problems(of: [.revocation, .endSession], metadata)
        }
        if signIns.contains(where: \.asksForIDToken) { next.append(keysItem(metadata)) }
        for token in subject.tokens where token.needsServer { next += tokenItems(token, metadata) }
        items.insert(contentsOf: next, at: 0)
    }

    /// Without a token of its own that the client could ask for: whether the token endpoint answers, and whether the server takes the
    /// client when it is asked to revoke a token that does not exist (RFC 7009 section 2.2: it says yes).
    private func tokenEndpointItems(_ metadata: ServerMetadata) -> [Item] {
        do throws(ExchangeFailure) {
            let url = try metadata.url(of: .token)
            let look = Item.step(.look(ReachabilityCheck(at: url), at: url))
            guard let client = subject.client else {
                // where a token is asked for, its own line says so
                if subject.tokens.contains(where: { $0.grant == .clientCredentials }) { return [look] }
                return [look, .finding(OnlineFinding(subject.name, .untried, subject.absence))]
            }
            guard client.authentication != .none else { return [look] }
            guard let revocation = try? metadata.url(of: .revocation) else { return [look, .finding(unproven)] }
            return [look, .step(.prove(RevocationRequest(Secret("no-token-but-a-check"), .refreshToken, as: client, at: revocation)))]
        } catch {
            return [.finding(OnlineFinding(subject.name, error))]
        }
    }

    private mutating func looked(_ url: HTTPSURL, _ result: Result<Int, ExchangeFailure>) {
        switch result {
        case .failure(let failure): findings.append(OnlineFinding(subject.name, failure))
        case .success(let status) where [404, 405, 410].contains(status):
            findings.append(OnlineFinding(subject.name, .wrong, "there is no token endpoint at '\(url)', which answered \(status); check its address"))
        case .success: findings.append(OnlineFinding(subject.name, .well, "the token endpoint '\(url)' answers"))
        }
    }

    private mutating func proven(_ outcome: RevocationRequest.Outcome) {
        switch outcome {
        case .revoked: findings.append(OnlineFinding(subject.name, .well, "the server takes the client and its secret"))
        case .unsupported: findings.append(unproven)
        case .failed(let failure): findings.append(OnlineFinding(subject.name, failure, so: "asked as this client"))
        }
    }

    /// Nothing at this server tells a right secret from a wrong one before somebody signs in.
    private var unproven: OnlineFinding {
        OnlineFinding(subject.name, .untried, "whether the server takes the client's secret: no endpoint tells, so that the first sign-in will show it")
    }

    private func keysItem(_ metadata: ServerMetadata) -> Item {
        do throws(ExchangeFailure) {
            return .step(.keys(try metadata.url(of: .keys)))
        } catch {
            return .finding(OnlineFinding(subject.name, error, so: "ID tokens cannot be checked"))
        }
    }

    private func keys(_ url: HTTPSURL, _ result: Result<JWKSet, ExchangeFailure>) -> OnlineFinding {
        switch result {
        case .failure(let failure): OnlineFinding(subject.name, failure, so: "ID tokens cannot be checked")
        case .success(let set) where set.isEmpty:
            OnlineFinding(subject.name, .wrong, "ID tokens cannot be checked: there is no usable key at '\(url)'; leave openid out, or ask who runs the server")
        case .success(let set): OnlineFinding(subject.name, .well, "\(counted(set.count, "usable key")) for ID tokens at '\(url)'")
        }
    }

    // MARK: its tokens

    private func tokenItems(_ token: TokenSettings, _ metadata: ServerMetadata) -> [Item] {
        switch token.grant {
        case .authorizationCode(let signIn): return self.signIn(token, signIn, metadata).map(Item.finding)
        case .reference: return [referenceItem(token)]
        case .clientCredentials:
            guard subject.client != nil else { return [.finding(OnlineFinding("\(token.name)", .untried, subject.absence))] }
            let sets = token.scopeSets
            return [.step(.exchange(token, scopes: sets[0], more: sets.dropFirst().first))]
        }
    }

    private mutating func exchanged(_ token: TokenSettings, _ scopes: [String], _ more: [String]?, _ outcome: ExchangeOutcome) {
        switch outcome {
        case .success(let tokens):
            findings += Self.granted(token, scopes, tokens)
            if let more { items.insert(.step(.exchange(token, scopes: more, more: nil)), at: 0) }
        case .failure(let failure):
            let finding = OnlineFinding("\(token.name)", failure, so: "no token")
            findings.append(finding)
            if finding.verdict == .passing { passOverExchanges("the server did not answer for the token before") }
            if failure.oauthError == "invalid_client" { passOverExchanges("the server does not take the client") }
        }
    }

    /// A server that does not answer is not waited for once for each token, nor is a wrong secret tried again and again.
    private mutating func passOverExchanges(_ reason: String) {
        items = items.map { item in
            guard case .step(.exchange(let token, _, _)) = item else { return item }
            return .finding(OnlineFinding("\(token.name)", .untried, reason))
        }
    }

    private func referenceItem(_ token: TokenSettings) -> Item {
        guard case .reference(let reference) = token.grant, let probe = reference.probe else {
            return .finding(OnlineFinding("\(token.name)", .untried, "no probe says how to see whether it is good"))
        }
        guard let value = reference.value else { return .finding(OnlineFinding("\(token.name)", .untried, subject.absence(of: token))) }
        guard probe.way != .introspection || subject.client != nil else { return .finding(OnlineFinding("\(token.name)", .untried, subject.absence)) }
        return .step(.probe(token, value, probe))
    }

    private func probed(_ token: TokenSettings, _ probe: ReferenceSettings.Probe, _ health: TokenHealth) -> OnlineFinding {
        switch health {
        case .unknown(let failure): return OnlineFinding("\(token.name)", failure, so: "nothing was learned about it")
        case .refused(let text): return OnlineFinding("\(token.name)", .wrong, "it is not taken: \(text); have it reissued")
        case .good(let end):
            let left = end.map { ", and ends in \(counted(Int(max(0, $0 - now) / 86_400), "day"))" } ?? ""
            switch probe.way {
            case .api: return OnlineFinding("\(token.name)", .well, "the API takes it")
            case .introspection: return OnlineFinding("\(token.name)", .well, "the server says that it is active\(left)")
            }
        }
    }
}

extension TokenSettings {
    /// OpenID Connect: an ID token comes, and must be checked.
    fileprivate var asksForIDToken: Bool {
        guard case .authorizationCode(let signIn) = grant else { return false }
        return scopes.contains("openid") || signIn.responseType == .codeIDToken
    }
}
