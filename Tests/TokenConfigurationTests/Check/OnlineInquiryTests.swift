import OAuth
import Secrets
import Testing
import TokenLedger
import TokenWire
@testable import TokenConfiguration

/// What is tried of an application, and the lines that say what came of it.
struct OnlineInquiryTests {
    private static let id = "https://orchid.my.erp.net/id"
    private static let now: Int64 = 1_790_000_000

    private static func metadata(_ more: String = "", date: String? = nil) throws -> ServerMetadata {
        var discovery = Discovery(ServerSettings(location: .issuer(id)))
        _ = discovery.begin()
        let body = #"""
            {"issuer":"\#(id)","token_endpoint":"\#(id)/token","authorization_endpoint":"\#(id)/authorize","jwks_uri":"\#(id)/jwks"\#(more)}
            """#
        let answer = EndpointResult.response(EndpointResponse(status: 200, contentType: "application/json", date: date, body: Secret(body)))
        guard case .found(let metadata, _) = discovery.receive(answer, now: now) else { throw Missing() }
        return metadata
    }
    private struct Missing: Error {}

    private static func token(_ name: String, _ grant: TokenSettings.Grant, scopes: [String] = ["read"], rules: [[String]?] = [nil]) -> TokenSettings {
        TokenSettings(
            name: TokenName("portal.\(name)")!, grant: grant, scopes: scopes,
            allow: rules.map { AllowEntry(who: PeerPattern(user: NamedID(name: "root", id: 0)), scopes: $0) })
    }

    private static func person(_ change: (inout SignInSettings) -> Void = { _ in }) -> TokenSettings.Grant {
        var settings = SignInSettings(redirectURIs: ["http://127.0.0.1:53177/callback"])
        change(&settings)
        return .authorizationCode(settings)
    }

    private static func reference(_ way: ReferenceSettings.Probe.Way?, value: String? = "enrt_1") -> TokenSettings.Grant {
        .reference(ReferenceSettings(value: value.map { Secret($0) }, probe: way.map { ReferenceSettings.Probe(way: $0) }))
    }

    private static let api = ReferenceSettings.Probe.Way.api("https://api.test/me")
    private static let secret = ClientIdentity(id: "portal", authentication: .post(Secret("s3cr3t")))

    /// The lines, and what was asked for them, when the network answers like this.
    private func run(
        _ tokens: [TokenSettings], client: ClientIdentity? = secret, passedOver: [String: String] = [:],
        _ answer: (OnlineInquiry.Step) -> OnlineInquiry.Answer
    ) -> (lines: [String], asked: [String], status: Int32) {
        let subject = OnlineSubject(
            name: "portal", server: ServerSettings(location: .issuer(Self.id)), client: client, tokens: tokens, passedOver: passedOver)
        var inquiry = OnlineInquiry(subject, now: Self.now)
        var asked: [String] = []
        while let step = inquiry.next() {
            asked.append(Self.name(step))
            inquiry.receive(answer(step))
        }
        var tally = OnlineTally()
        for finding in inquiry.findings { tally.count(finding) }
        return (inquiry.findings.map(\.line), asked, tally.exitStatus)
    }

    private static func name(_ step: OnlineInquiry.Step) -> String {
        switch step {
        case .locate: "locate"
        case .exchange(let token, let scopes, _): "exchange \(token.name.token) \(scopes.joined(separator: " "))"
        case .look: "look"
        case .prove: "prove"
        case .keys: "keys"
        case .probe(let token, _, _): "probe \(token.name.token)"
        }
    }

    private static func issued(_ scopes: [String]?, life: Int64? = 3600) -> ExchangeOutcome {
        .success(IssuedTokens(accessToken: Secret("AT"), lifetime: life, scopes: scopes))
    }

    private static func failure(_ law: ExchangeFailure.Law, _ text: String, error: String? = nil, fault: TransportFault.Kind? = nil) -> ExchangeFailure {
        ExchangeFailure(law: law, reach: .credential, oauthError: error, fault: fault, text: text)
    }

    private static func keys(_ body: String) -> Result<JWKSet, ExchangeFailure> {
        var known = JWKSCache()
        guard let url = try? HTTPSURL(id + "/jwks") else { return .failure(failure(.no, "no address")) }
        _ = known.ask(at: url, now: 0)
        return known.receive(.response(EndpointResponse(status: 200, body: Secret(body))), now: 0, wall: now)
    }

    /// A network on which all is well.
    private static func well(_ step: OnlineInquiry.Step, _ metadata: ServerMetadata) -> OnlineInquiry.Answer {
        switch step {
        case .locate: .located(.success(metadata))
        case .exchange(_, let scopes, _): .exchanged(issued(scopes))
        case .look: .looked(.success(400))
        case .prove: .proven(.revoked)
        case .keys: .keys(keys(#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"\#(String(repeating: "A", count: 43))"}]}"#))
        case .probe: .probed(.good(expires: nil))
        }
    }

    private static let place = "portal: '\(id)/.well-known/openid-configuration' answers, and names exactly the issuer '\(id)'"

    // MARK: a server that works

    @Test func `a service's token is really asked for, the smallest scope first`() throws {
        let metadata = try Self.metadata()
        let tokens = [Self.token("sync", .clientCredentials, scopes: ["read", "update"], rules: [nil, ["read"]])]
        let found = run(tokens) { Self.well($0, metadata) }
        #expect(found.asked == ["locate", "exchange sync read", "exchange sync read update"])
        #expect(found.lines == [Self.place, "portal.sync: granted read, lives 3600 s", "portal.sync: granted read update, lives 3600 s"])
        #expect(found.status == 0)
    }

    @Test func `a sign-in is looked at without anybody signing in`() throws {
        let more =
            #","code_challenge_methods_supported":["S256"],"response_types_supported":["code"],"revocation_endpoint":"\#(Self.id)/revoke","end_session_endpoint":"\#(Self.id)/end""#
        let metadata = try Self.metadata(more)
        let found = run([Self.token("user", Self.person(), scopes: ["openid", "read"])]) { Self.well($0, metadata) }
        #expect(found.asked == ["locate", "look", "prove", "keys"])
        #expect(
            found.lines == [
                Self.place, "portal: the token endpoint '\(Self.id)/token' answers", "portal: the server takes the client and its secret",
                "portal: revocation at '\(Self.id)/revoke'; end of session at '\(Self.id)/end'", "portal: 1 usable key for ID tokens at '\(Self.id)/jwks'",
                "portal.user: people sign in at '\(Self.id)/authorize' with response type \"code\" and PKCE S256",
            ])
        #expect(found.status == 0)
    }

    @Test func `a reference token is looked at by its probe, and needs no server for that`() throws {
        let found = run([Self.token("pat", Self.reference(Self.api))], client: ClientIdentity(id: "", authentication: .none)) { _ in
            .probed(.good(expires: nil))
        }
        #expect(found.asked == ["probe pat"])
        #expect(found.lines == ["portal.pat: the API takes it"])
        let metadata = try Self.metadata()
        let asked = run([Self.token("pat", Self.reference(.introspection))]) { step in
            if case .probe = step { .probed(.good(expires: Self.now + 86_400 * 30 + 5)) } else { Self.well(step, metadata) }
        }
        #expect(asked.asked == ["locate", "look", "probe pat"])
        #expect(asked.lines.last == "portal.pat: the server says that it is active, and ends in 30 days")
    }

    // MARK: what only a person can mend

    @Test(
        arguments: [
            ("invalid_client", "check the client's id, its secret, and whether it is enabled"),
            ("unauthorized_client", "allow this client the grant at the server; at ERP.net it needs SystemUserAllowed and a SystemUser"),
            ("invalid_scope", "ask for scopes that the registration allows"),
        ])
    func `a server that says no is quoted, with the remedy`(error: String, remedy: String) throws {
        let metadata = try Self.metadata()
        let found = run([Self.token("sync", .clientCredentials)]) { step in
            guard case .exchange = step else { return Self.well(step, metadata) }
            return .exchanged(.failure(Self.failure(.configuration, "'\(Self.id)/token' answered 400 \(error)", error: error)))
        }
        #expect(found.lines.last == "portal.sync: error: no token: '\(Self.id)/token' answered 400 \(error); \(remedy)")
        #expect(found.status == 78)
    }

    @Test func `a wrong secret is tried once, not once for each token`() throws {
        let metadata = try Self.metadata()
        let found = run([Self.token("a", .clientCredentials), Self.token("b", .clientCredentials)]) { step in
            guard case .exchange = step else { return Self.well(step, metadata) }
            return .exchanged(.failure(Self.failure(.configuration, "no", error: "invalid_client")))
        }
        #expect(found.asked == ["locate", "exchange a read"])
        #expect(found.lines.last == "portal.b: not tried: the server does not take the client")
    }

    @Test(
        arguments: [
            (["read"], 3600, "error: granted read, but not update: whoever asks for that is refused; allow it in the registration", 78),
            (["read", "update"], 0, "error: granted read update, but it has expired when it comes", 78),
            (nil, nil, "granted read update, the server does not say how long it lives: 300 s are assumed", 0),
            (["read", "update", "sec"], 60, "granted read update sec, lives 60 s", 0),
        ] as [([String]?, Int64?, String, Int32)])
    func `what is granted is held against what callers ask for`(granted: [String]?, life: Int64?, line: String, status: Int32) throws {
        let metadata = try Self.metadata()
        let found = run([Self.token("sync", .clientCredentials, scopes: ["read", "update"])]) { step in
            if case .exchange = step { .exchanged(Self.issued(granted, life: life)) } else { Self.well(step, metadata) }
        }
        #expect(found.lines.last == "portal.sync: " + line)
        #expect(found.status == status)
    }

    @Test func `a rule that allows less than the server grants would be refused`() throws {
        let metadata = try Self.metadata()
        let found = run([Self.token("sync", .clientCredentials, scopes: ["read", "update"], rules: [["read"]])]) { step in
            if case .exchange = step { .exchanged(Self.issued(["read", "update"])) } else { Self.well(step, metadata) }
        }
        #expect(
            found.lines.last
                == "portal.sync: warning: asked for read, the server grants update as well: a rule that allows less is refused such a token")
        #expect(found.status == 0)
    }

    @Test(
        arguments: [
            (
                #","code_challenge_methods_supported":["plain"]"#, SignInSettings.ResponseType.code,
                "error: nobody can sign in: the server '\(id)' does not support the PKCE method S256, and no weaker one is used; have it enabled there"
            ),
            (
                #","response_types_supported":["code"]"#, .codeIDToken,
                "error: nobody can sign in: the server '\(id)' does not support the response type 'code id_token'; use 'code'"
            ),
            (#","response_types_supported":["id_token"]"#, .code, "warning: the server does not list the response type \"code\""),
            (
                #","response_modes_supported":["query"]"#, .codeIDToken,
                "warning: the server does not list the response mode form_post, which \"code id_token\" needs; most take it all the same"
            ),
            (#","grant_types_supported":["client_credentials"]"#, .code, "warning: the server does not list the grant authorization_code"),
        ])
    func `what a sign-in needs is compared with what the server offers`(more: String, type: SignInSettings.ResponseType, line: String) throws {
        let metadata = try Self.metadata(more)
        let found = run([Self.token("user", Self.person { $0.responseType = type }, scopes: ["openid"])]) { Self.well($0, metadata) }
        #expect(found.lines.last == "portal.user: " + line)
        #expect(found.status == (line.hasPrefix("error") ? 78 : 0))
    }

    @Test func `what a server does not offer is said`() throws {
        let metadata = try Self.metadata()
        let found = run([Self.token("user", Self.person(), scopes: ["read"])]) { Self.well($0, metadata) }
        #expect(found.asked == ["locate", "look"])
        #expect(
            found.lines.contains(
                "portal: not tried: whether the server takes the client's secret: no endpoint tells, so that the first sign-in will show it"))
        #expect(found.lines.contains("portal: revocation not offered, so a sign-out is forgotten here alone; end of session not offered"))
        #expect(found.lines.last?.hasSuffix("and PKCE, which the server does not mention") == true)
        let elsewhere = try Self.metadata(#","revocation_endpoint":"https://evil.test/revoke""#)
        let other = run([Self.token("user", Self.person(), scopes: ["read"])]) { Self.well($0, elsewhere) }
        #expect(other.lines.contains { $0.hasPrefix("portal: warning: the metadata of ") && $0.contains("on another host, 'evil.test'") })
    }

    @Test func `a secret that the revocation endpoint says nothing about is not tried`() throws {
        let metadata = try Self.metadata(#","revocation_endpoint":"\#(Self.id)/revoke""#)
        let found = run([Self.token("user", Self.person(), scopes: ["read"])]) { step in
            if case .prove = step { .proven(.unsupported("it does not revoke")) } else { Self.well(step, metadata) }
        }
        #expect(found.lines.contains { $0.hasPrefix("portal: not tried: whether the server takes the client's secret") })
        #expect(found.status == 0)
        let unknown = run([Self.token("user", Self.person(), scopes: ["read"])], client: nil, passedOver: ["client.secret.credential": "portal"]) {
            Self.well($0, metadata)
        }
        #expect(unknown.lines.contains("portal: not tried: systemd hands the credential \"portal\" to the service alone"))
        let open = run([Self.token("user", Self.person(), scopes: ["read"])], client: ClientIdentity(id: "portal", authentication: .none)) {
            Self.well($0, metadata)
        }
        #expect(!open.lines.contains { $0.contains("not tried") })
    }

    @Test(arguments: [404, 405, 410]) func `an address without a token endpoint is an error`(status: Int) throws {
        let metadata = try Self.metadata()
        let found = run([Self.token("user", Self.person(), scopes: ["read"])]) { step in
            if case .look = step { .looked(.success(status)) } else { Self.well(step, metadata) }
        }
        #expect(found.lines.contains("portal: error: there is no token endpoint at '\(Self.id)/token', which answered \(status); check its address"))
        #expect(found.status == 78)
    }

    @Test(
        arguments: [
            (200, .answered(retryAfter: nil), nil, 78), (200, .unknown, nil, 78), (301, .silent, nil, 78), (404, .silent, nil, 78),
            (503, .answered(retryAfter: 5), nil, 75),
            (502, .unknown, nil, 75), (429, .answered(retryAfter: nil), nil, 75), (408, .unknown, nil, 75),
            (200, .answered(retryAfter: nil), "temporarily_unavailable", 75), (400, .answered(retryAfter: nil), "server_error", 75),
        ] as [(Int, ExchangeFailure.Law, String?, Int32)])
    func `what will be no other tomorrow exits 78`(status: Int, law: ExchangeFailure.Law, error: String?, exit: Int32) throws {
        let found = run([Self.token("sync", .clientCredentials)]) { _ in
            .located(.failure(ExchangeFailure(law: law, reach: .credential, oauthError: error, status: status, text: "it answered \(status)")))
        }
        #expect(found.status == exit, "\(found.lines)")
    }

    @Test func `ID tokens need keys`() throws {
        let metadata = try Self.metadata()
        let found = run([Self.token("user", Self.person(), scopes: ["openid"])]) { step in
            if case .keys = step { .keys(Self.keys(#"{"keys":[{"kty":"oct"}]}"#)) } else { Self.well(step, metadata) }
        }
        #expect(found.lines.contains { $0.hasPrefix("portal: error: ID tokens cannot be checked: there is no usable key at ") })
        #expect(found.status == 78)
    }

    @Test func `a reference token that is not taken is an error, an answer that says nothing is not`() {
        let tokens = [Self.token("pat", Self.reference(Self.api))]
        let refused = run(tokens) { _ in .probed(.refused("'https://api.test/me' answered 401")) }
        #expect(refused.lines == ["portal.pat: error: it is not taken: 'https://api.test/me' answered 401; have it reissued"])
        #expect(refused.status == 78)
        let busy = run(tokens) { _ in .probed(.unknown(Self.failure(.answered(retryAfter: nil), "'https://api.test/me' answered 503"))) }
        #expect(busy.lines == ["portal.pat: not now: nothing was learned about it: 'https://api.test/me' answered 503"])
        #expect(busy.status == 75)
    }

    // MARK: what may pass, and what is not tried

    @Test(
        arguments: [
            (TransportFault.Kind.unreachable, ExchangeFailure.Law.unsent, "not now: gone; check the address, the network and the proxy", 75),
            (.certificateTime, .unsent, "error: gone; look at this machine's clock, or have the certificate renewed", 78),
            (.handshake, .unsent, "error: gone; check the port, and that the server speaks TLS 1.2 or newer", 78),
            (.proxyRefusal, .unsent, "error: gone", 78), (.tooLarge, .unsent, "error: gone; check the address: what an identity server answers is small", 78),
            (
                .broken, .unsent, "not now: gone; something on the way may hold answers back, such as a proxy or a filter; try again, or raise timeout",
                75
            ),
            (.certificate, .configuration, "error: gone; have it corrected, or name its authority with ca_file if it is one of your own", 78),
        ] as [(TransportFault.Kind, ExchangeFailure.Law, String, Int32)])
    func `a server that is not found ends it, and its tokens are not tried`(fault: TransportFault.Kind, law: ExchangeFailure.Law, line: String, status: Int32) {
        let found = run([Self.token("pat", Self.reference(Self.api)), Self.token("sync", .clientCredentials)]) { step in
            if case .locate = step { .located(.failure(Self.failure(law, "gone", fault: fault))) } else { .probed(.good(expires: nil)) }
        }
        #expect(found.lines == ["portal: " + line, "portal.sync: not tried: its server was not found", "portal.pat: the API takes it"])
        #expect(found.status == status)
    }

    @Test func `a server that does not answer is waited for once`() throws {
        let metadata = try Self.metadata()
        let found = run([Self.token("a", .clientCredentials), Self.token("b", .clientCredentials)]) { step in
            guard case .exchange = step else { return Self.well(step, metadata) }
            return .exchanged(.failure(Self.failure(.unknown, "no answer in time", fault: .broken)))
        }
        #expect(found.asked == ["locate", "exchange a read"])
        #expect(
            found.lines.suffix(2) == [
                "portal.a: not now: no token: no answer in time; something on the way may hold answers back, such as a proxy or a filter; try again, or raise timeout",
                "portal.b: not tried: the server did not answer for the token before",
            ])
        #expect(found.status == 75)
    }

    @Test func `what only systemd hands over is said, and the rest is tried`() throws {
        let metadata = try Self.metadata()
        let tokens = [
            Self.token("pat", Self.reference(Self.api, value: nil)), Self.token("sync", .clientCredentials),
            Self.token("user", Self.person(), scopes: ["read"]),
        ]
        let passedOver = ["client.secret.credential": "portal", "token.pat.value.credential": "portal-pat"]
        let found = run(tokens, client: nil, passedOver: passedOver) { Self.well($0, metadata) }
        #expect(found.asked == ["locate", "look"])
        #expect(found.lines.contains("portal.sync: not tried: systemd hands the credential \"portal\" to the service alone"))
        #expect(found.lines.contains("portal.pat: not tried: systemd hands the credential \"portal-pat\" to the service alone"))
        #expect(found.lines.contains { $0.hasPrefix("portal.user: people sign in at ") })
        #expect(found.status == 0)
        let brought = run([Self.token("pat", Self.reference(Self.api, value: nil)), Self.token("sat", Self.reference(nil))]) { Self.well($0, metadata) }
        #expect(
            brought.lines == [
                "portal.pat: not tried: what \"tokenctl import\" brought in is known to the daemon alone",
                "portal.sat: not tried: no probe says how to see whether it is good",
            ])
    }

    // MARK: the clock, and how it all stands

    @Test(
        arguments: [
            ("Mon, 21 Sep 2026 14:14:20 GMT", nil),
            ("Mon, 21 Sep 2026 14:14:21 GMT", "the server's clock is 61 s ahead of this machine's; set whichever is wrong"),
            ("Mon, 21 Sep 2026 13:13:20 GMT", "the server's clock is 3600 s behind this machine's; set whichever is wrong"),
        ] as [(String, String?)])
    func `TIME-03 clocks that differ by more than a minute are told`(date: String, text: String?) throws {
        let metadata = try Self.metadata(date: date)
        let found = run([Self.token("sync", .clientCredentials)]) { Self.well($0, metadata) }
        #expect(found.lines.first { $0.contains("clock") } == text.map { "portal: warning: " + $0 })
        #expect(found.status == 0)
    }

    @Test(
        arguments: [
            ([], "online: nothing to try", 0), ([.well, .warning, .untried], "online: 1 well, 1 warning, 0 errors, 0 not now, 1 not tried", 0),
            ([.well, .passing], "online: 1 well, 0 warnings, 0 errors, 1 not now, 0 not tried", 75),
            ([.passing, .wrong, .wrong], "online: 0 well, 0 warnings, 2 errors, 1 not now, 0 not tried", 78),
        ] as [([OnlineFinding.Verdict], String, Int32)])
    func `the last line and the exit status say how it stands`(verdicts: [OnlineFinding.Verdict], line: String, status: Int32) {
        var tally = OnlineTally()
        for verdict in verdicts { tally.count(OnlineFinding("a", verdict, "b")) }
        #expect(tally.line == line)
        #expect(tally.exitStatus == status)
    }

    @Test func `nothing is tried through a proxy whose password only the service has`() throws {
        let found = run([Self.token("sync", .clientCredentials)], passedOver: ["proxy.password.credential": "proxy"]) { _ in
            .located(.failure(ExchangeFailure(law: .unsent, reach: .server, text: "asked all the same")))
        }
        #expect(found.lines == ["portal: not tried: systemd hands the credential \"proxy\" to the service alone"] && found.asked.isEmpty)
    }

    @Test func `no printout of an inquiry has a secret`() {
        let tokens = [Self.token("pat", Self.reference(Self.api))]
        let subject = OnlineSubject(name: "portal", server: ServerSettings(location: .issuer(Self.id)), client: Self.secret, tokens: tokens)
        var dumped = ""
        dump(OnlineInquiry(subject, now: Self.now), to: &dumped)
        #expect(!dumped.contains("s3cr3t") && !dumped.contains("enrt_"))
    }
}
