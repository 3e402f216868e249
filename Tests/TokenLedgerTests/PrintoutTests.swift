import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// Whatever could hold a secret is printed in every way there is, and nothing of the secret turns up.
@Suite struct PrintoutTests {
    /// The word that every secret in here holds.
    private static let word = "canary"
    private static func secret(_ what: String) -> Secret { Secret("\(word)-\(what)") }

    private static let name = TokenName("portal.user")!
    private static let now = Moment(boot: .seconds(1000), wall: 1_790_000_000)
    private static let tokens = IssuedTokens(
        accessToken: secret("access"), lifetime: 60, scopes: ["read"], refreshToken: secret("refresh"), idToken: secret("id"))
    private static let request = AuthorizationRequest(
        clientID: "portal", redirectURI: "http://127.0.0.1:53177/callback", scopes: ["openid"], state: secret("state"), nonce: secret("nonce"),
        challenge: "challenge")
    private static let application = Application(
        name: "portal", server: ServerSettings(location: .issuer("https://id.test")),
        client: ClientIdentity(id: "portal", authentication: .post(secret("client"))))
    private static let code = GrantRequest.authorizationCode(code: secret("code"), redirectURI: "http://127.0.0.1/", verifier: secret("verifier"))
    private static let refresh = GrantRequest.refresh(token: secret("refresh"), scopes: [], audience: nil, isProven: true)
    private static let signIn = IdentityCheck.signIn(request, code: secret("code"), front: secret("front"), asked: 1)
    private static let plan = ExchangePlan(id: 1, token: name, application: application, grant: code, timeout: 30, identity: signIn)
    private static let report = ExchangeReport(
        plan: 1, outcome: .success(tokens), sent: now, id: Fingerprint(bits: 1), took: 1, successor: secret("successor"),
        identity: VerifiedIdentity(issuer: "https://id.test", subject: "m.petrova", expires: 1))
    private static let record = StoredRecord(
        name: name, kind: .refresh, binding: RecordBinding(server: "https://id.test", clientID: "portal", grant: "authorization_code", subject: "m.petrova"),
        generation: 1, grant: 1, secret: secret("refresh"), idToken: secret("id"), signedIn: 1, rotated: 1)
    private static let revocation = Revocation(
        name: name, server: "https://id.test", clientID: "portal", secret: secret("revoked"), id: Fingerprint(bits: 1), until: 2)
    private static let entropy = SignInEntropy(
        id: LoginID(1, 2), state: secret("state"), nonce: secret("nonce"), verifier: secret("verifier"), challenge: "challenge")
    private static let reference = ReferenceSettings(value: secret("reference"), expires: .never)

    private static var held: HeldToken {
        get throws {
            var scene = GrantScene.signedIn()
            let waiter = try scene.get()
            scene.grant("\(word)-access", refresh: "\(word)-refresh")
            return try #require(scene.token(waiter))
        }
    }

    private static func turn() throws -> Turn {
        var turn = Turn()
        turn.jobs = [StoreTask(id: 1, job: .commit(record)), StoreTask(id: 2, job: .remember(record)), StoreTask(id: 3, job: .replace(record))]
        turn.jobs.append(StoreTask(id: 4, job: .writeRevocation(revocation)))
        turn.plans = [plan]
        turn.errands = [ErrandPlan(id: 1, token: name, application: application, errand: .revoke(secret("revoked")), timeout: 30)]
        let held = try held
        turn.answers = [(1, .token(held))]
        turn.rows = [(1, .token(held))]
        turn.events = [.signedIn(name, held, subject: "m.petrova", caller: nil, until: nil, isRenewable: true)]
        return turn
    }

    /// One sign-in whose tokens wait for a word, and all that it holds.
    private static func logins() throws -> PendingLogins {
        var logins = PendingLogins()
        var login = PendingLogin(
            id: LoginID(1, 2), number: 1, token: name, caller: GrantScene.alice, share: FairPoolTests.alice(), server: application.server, generation: 1,
            binding: record.binding, request: request,
            verifier: secret("verifier"),
            asked: 1, deadline: 1, confirmsFirst: true)
        login.stage = .confirming(PendingLogin.Arrival(report: report, held: try held, record: record, person: Person(subject: "m.petrova", name: "Мария")))
        logins.begin(login)
        return logins
    }

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.applications["portal"] = application
        configuration.tokens[name] = TokenSettings(name: name, grant: .reference(reference), allow: [])
        configuration.storeKey = secret("key")
        return configuration
    }

    /// A ledger with a sign-in, an imported token and an exchange under way.
    private static func ledger() throws -> Ledger {
        var scene = GrantScene.signedIn(GrantScene.record("\(word)-refresh"))
        let pat = try #require(scene.ledger.configuration.tokens[GrantScene.pat])
        _ = scene.request { $0.importToken(pat, secret("imported"), expires: nil, for: GrantScene.alice, waiter: $1, at: $2) }
        try scene.get()
        return scene.ledger
    }

    private static func samples() throws -> [(String, Any)] {
        [
            ("GrantRequest", [code, refresh]), ("IssuedTokens", tokens), ("ExchangeOutcome", ExchangeOutcome.success(tokens)),
            ("IdentityCheck", [signIn, .refresh(subject: "m.petrova", earlier: secret("earlier"))]), ("ExchangePlan", plan), ("ExchangeReport", report),
            ("StoredRecord", record), ("SignInEntropy", entropy), ("PendingLogins", try logins()), ("Turn", try turn()),
            ("ReferenceSettings", reference), ("Configuration", configuration()), ("HeldToken", try held), ("Ledger", try ledger()),
        ]
    }

    private static func printouts(of value: Any) -> [String] {
        var (dumped, printed) = ("", "")
        dump(value, to: &dumped)
        print(value, terminator: "", to: &printed)
        return ["\(value)", String(reflecting: value), dumped, printed]
    }

    @Test func `LOG-01 nothing that holds a secret shows it, however it is printed`() throws {
        for (what, value) in try Self.samples() {
            for printout in Self.printouts(of: value) {
                #expect(!printout.contains(Self.word), "\(what)")
                #expect(!printout.contains("99, 97, 110, 97"), "\(what) as bytes")
            }
        }
    }

    @Test func `LOG-01 and it is there to be seen`() throws {
        // what is looked for would be found: a text in its place turns up in each way of printing
        for printout in Self.printouts(of: [("x", "\(Self.word)")]) { #expect(printout.contains(Self.word)) }
        for (what, value) in try Self.samples() {
            #expect(Self.printouts(of: value).contains { $0.contains("<secret>") }, "\(what) holds none")
        }
    }
}
