import Secrets
import TestSupport
import Testing
@testable import TokenWire

@Suite struct `The transcript of the protocol page` {
    struct Turn {
        var request: String
        var reply: String
    }

    static func turns() throws -> [Turn] {
        let lines = try ManualPage("tokend-protocol.7.md").text.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex(of: "```transcript"))
        var turns: [Turn] = []
        for line in lines[(start + 1)...].prefix(while: { $0 != "```" }) {
            if line.hasPrefix("> ") {
                turns.append(Turn(request: String(line.dropFirst(2)), reply: ""))
            } else {
                try #require(line.hasPrefix("< ") && !turns.isEmpty, "\(line)")
                turns[turns.count - 1].reply += line.dropFirst(2) + "\n"
            }
        }
        return turns
    }

    static let sync = ServedToken(
        token: Secret("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeW5jIn0.c2lnbmF0dXJl"), expires: .at(1_762_189_360),
        id: Fingerprint(bits: 0x9f3a_c2d1_770b_41e6), scopes: ["read", "update"])
    static let reading = ServedToken(
        token: Secret("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyZWFkIn0.c2lnbmF0dXJl"), expires: .at(1_762_189_361),
        id: Fingerprint(bits: 0x0b51_c7e8_a9d2_4f13), scopes: ["read"])
    static let pat = ServedToken(
        token: Secret("enrt_1D41D469A1F04C7D8F2B7960"), expires: .never, id: Fingerprint(bits: 1), scopes: [], header: .apiKey)

    /// A scripted daemon. Only the values are scripted; parsing and writing are the real ones.
    static func answer(_ request: Request) -> Reply? {
        switch request {
        case .ping, .quit: .ok()
        case .get(let query) where query.name == "payroll.user":
            .refused(Refusal(.denied, [], "uid 1000 may not use \(Quotation.of(query.name))"))
        case .get(let query) where query.minValid == 7200:
            .refused(Refusal(.refused, [Field("reason", "short-lived")], "the server's tokens live 3600 s; min-valid=7200 can never be met"))
        case .get(let query) where query.name == "portal.user":
            .refused(
                Refusal(.loginRequired, [Field("reason", "signed-out")], "the person has signed out; sign in: tokenctl login portal.user"))
        case .get(let query): .token(query.scopes == ["read"] ? reading : sync)
        case .header: .header(pat)
        case .wait: .ok(fields: [Field("state", "ready")])
        case .reject: .ok(words: ["cooling"], fields: [Field("retry-after", 30)])
        case .list:
            .rows(
                [("portal.pat", "ready"), ("portal.sync", "ready"), ("portal.user", "login-required")].map {
                    .fields(words: [$0.0], [Field("state", $0.1)])
                }, words: ["3"])
        case .reload:
            .refused(
                Refusal(.badConfig, [], "1 problem; the old configuration stays"),
                rows: [.text("/etc/tokend/apps.d/portal.toml:7: token.sync.scope: unknown key; did you mean \"scopes\"?")])
        case .login:
            .ok(
                words: ["5f0c9e1b7a2d4c8890e6d1b23c4a5f67", "https://id.example/authorize?response_type=code&client_id=portal&state=x9Qc"],
                fields: [Field("expires", 1_762_186_360)])
        case .callback(_, Secret("code=7C1F0A94&state=wrong")):
            .refused(Refusal(.refused, [Field("reason", "state")], "the state of the answer is not that of this sign-in"))
        case .callback: .ok(words: ["confirm"], fields: [Field("subject", "m.petrova")])
        case .confirm: .ok(fields: [Field("subject", "m.petrova")])
        case .cancel: .refused(Refusal(.denied, [Field("reason", "unknown-login")], "no such sign-in of yours is under way"))
        case .logout: .ok(words: ["revoked"], fields: [Field("url", "https://id.example/endsession?id_token_hint=eyJhbGciOiJSUzI1NiJ9")])
        case .importToken: .ok(fields: [Field("id", reading.id)])
        case .metrics:
            .rows(
                [
                    "# TYPE tokend_handed_out counter", "# HELP tokend_handed_out hand-outs", "tokend_handed_out_total{token=\"portal.sync\"} 1203", "# EOF",
                ].map { .text($0) })
        case .watch, .status, .await, .renew, .explain, .hello, .help: nil
        }
    }

    @Test func `is what this module reads and writes`() throws {
        let turns = try Self.turns()
        #expect(turns.count > 20)
        for turn in turns {
            switch Request.parse(turn.request) {
            case .success(let request):
                let reply = try #require(Self.answer(request), "no answer to \(turn.request)")
                #expect(reply.encoded == turn.reply)
            case .failure(let refusal): #expect(Reply.refused(refusal).encoded == turn.reply)
            }
        }
    }
}
