@testable internal import OAuth
internal import Secrets

extension Door {
    /// What a server says about itself: a chain of answers, each read by who asked for it.
    static let discovery = Door(name: "discovery") { bytes in
        var input = Input(bytes)
        let setting = input.choice(4)
        let issuer = "https://id.example.com/sign"
        var settings = ServerSettings(location: setting < 2 ? .issuer(issuer) : .erpnet(root: "https://id.example.com", issuer: setting == 2 ? issuer : nil))
        if setting == 1 { settings.endpoints.introspection = "https://other.example.net/introspect" }
        var server = MetadataCache(settings)
        var keys = JWKSCache()
        var time: Int64 = 0
        var question = server.ask(at: time).request
        for _ in 0..<8 where !input.rest.isEmpty {
            guard let asked = question else { break }
            must((try? HTTPSURL(asked.url, allowsQuery: true))?.host == "id.example.com", "discovery asks the configured host alone: \(asked.url)")
            let answer = EndpointResult(&input)
            time += 10_000
            switch server.receive(answer, at: time, wall: time) {
            case .send(let next): question = next
            case .settled(.success(let metadata)):
                check(metadata)
                readKeys(answer, of: metadata, &keys, at: time)
                question = server.ask(at: time + 100_000).request
            case .settled(.failure(let failure)):
                check(failure)
                question = nil
            }
        }
    }

    /// What a server answers to an exchange, a revocation and an introspection.
    static let token = Door(name: "token") { bytes in
        var input = Input(bytes)
        let client = ClientIdentity(id: "app", authentication: input.byte() % 2 == 0 ? .post(Secret(clientSecret)) : .basic(Secret(clientSecret)))
        let grants: [GrantRequest] = [
            .clientCredentials(scopes: ["read"], audience: nil),
            .authorizationCode(
                code: Secret(code), redirectURI: "http://127.0.0.1:53177/callback", verifier: Secret(verifier)),
            .refresh(token: Secret(refreshToken), scopes: [], audience: nil, isProven: false),
            .refresh(token: Secret(refreshToken), scopes: ["read"], audience: nil, isProven: true),
        ]
        let chosen = input.choice(grants.count)
        let grant = grants[chosen]
        let sent = [[], [code, verifier], [refreshToken], [refreshToken]][chosen] + [clientSecret]
        guard let endpoint = try? HTTPSURL("https://id.example.com/token") else { return must(false, "an address is an address") }
        let request = TokenRequest(grant, as: client, at: endpoint, assumesBearer: input.byte() % 2 == 0)
        let answer = EndpointResult(&input)
        switch request.outcome(of: answer, now: now) {
        case .success(let tokens): check(tokens)
        case .failure(let failure): check(failure, redacting: sent)
        }
        if let successor = request.successor(in: answer) { must(successor.isRefreshToken, "a successor is a refresh token") }
        if case .failed(let failure) = RevocationRequest(Secret(otherToken), .refreshToken, as: client, at: endpoint).outcome(of: answer, now: now) {
            check(failure, redacting: [otherToken, clientSecret])
        }
        let probe = TokenProbe.introspection(IntrospectionRequest(Secret(otherToken), as: client, at: endpoint))
        switch probe.health(in: answer, now: now) {
        case .good(let expires): must((expires ?? 1) > 0, "an end is after 1970")
        case .refused(let text): must(text.isPlain, "a refusal is one line")
        case .unknown(let failure): check(failure, redacting: [otherToken, clientSecret])
        }
    }
}

private let now: Int64 = 1_790_000_000
private let clientSecret = "s3cret-of-the-client-0123456789"
private let otherToken = "the-token-0123456789"
private let code = "the-code-0123456789"
private let verifier = "the-verifier-0123456789"
private let refreshToken = "the-refresh-token-0123456789"

private func check(_ metadata: ServerMetadata) {
    for endpoint in ServerMetadata.Endpoint.allCases where metadata.names(endpoint) {
        do throws(ExchangeFailure) {
            let url = try metadata.url(of: endpoint)
            must(["id.example.com", "other.example.net"].contains(url.host), "no endpoint is on a host that nobody named: \(url)")
            must(url.host == "id.example.com" || endpoint == .introspection, "only what is pinned is on another host")
        } catch {
            check(error)
        }
    }
}

private func readKeys(_ answer: EndpointResult, of metadata: ServerMetadata, _ keys: inout JWKSCache, at time: Int64) {
    guard let url = try? metadata.url(of: .keys), case .send = keys.ask(at: url, now: time) else { return }
    if case .failure(let failure) = keys.receive(answer, now: time, wall: time) { check(failure) }
}

/// `secrets`: what the request carried.
private func check(_ failure: ExchangeFailure, redacting secrets: [String] = []) {
    must(failure.text.isPlain && failure.text.utf8.count < 3000, "a failure is told in one line of bounded length: \(failure.text.utf8.count)")
    must((failure.oauthError ?? "x").isPrintableASCII && (failure.oauthError ?? "x").utf8.count <= 64, "an error code is printable and short")
    for secret in secrets {
        must(!failure.text.contains(secret), "what was sent is not told")
        must(failure.oauthError?.contains(secret) != true, "what was sent is not told as an error code")
    }
    if case .answered(let delay?) = failure.law { must((1...3600).contains(delay), "a server may ask for 1 s to 1 h") }
}

private func check(_ tokens: IssuedTokens) {
    must(tokens.accessToken.isBearerToken, "an access token is a bearer token")
    must(tokens.refreshToken?.isRefreshToken ?? true, "a refresh token is one")
    must(tokens.idToken?.isBearerToken ?? true, "an ID token has the characters of one")
    must((0...315_360_000).contains(tokens.lifetime ?? 0), "no token lives longer than ten years")
    must((tokens.refreshLifetime ?? 1) > 0, "no refresh token lives less than a second")
    for scope in tokens.scopes ?? [] { must(!scope.isEmpty && scope.isPrintableASCII && !scope.contains(" "), "a scope is a word") }
    must((tokens.scopes ?? []).reduce(0) { $0 + $1.utf8.count + 1 } <= 16 * 1024, "what was granted fits a reply")
}

extension EndpointResult {
    /// A status, three headers as a line each, and a body up to the byte 0x1E.
    fileprivate init(_ input: inout Input) {
        let statuses = [200, 200, 200, 200, 400, 401, 201, 302, 404, 408, 429, 500, 502, 503, 418, 403]
        let status = statuses[input.choice(statuses.count)]
        let header = { (line: UnsafeRawBufferPointer) in line.isEmpty ? nil : line.text }
        let (retryAfter, date, cacheControl) = (
            header(input.part(upTo: 0x0A)), header(input.part(upTo: 0x0A)), header(input.part(upTo: 0x0A))
        )
        self = .response(
            EndpointResponse(
                status: status, contentType: "application/json", retryAfter: retryAfter, date: date, cacheControl: cacheControl,
                body: Secret(copying: input.part(upTo: 0x1E))))
    }
}

extension MetadataCache.Answer {
    fileprivate var request: EndpointRequest? {
        switch self {
        case .send(let request): request
        case .ready, .underway, .failed: nil
        }
    }
}
