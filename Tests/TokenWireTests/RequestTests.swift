import Secrets
import Testing
@testable import TokenWire

@Suite struct `Requests that are understood` {
    static let id = Fingerprint(bits: 0x9f3a_c2d1_770b_41e6)

    static let table: [(String, Request)] = [
        ("GET portal.sync", .get(TokenQuery(name: "portal.sync"))),
        ("get portal.sync", .get(TokenQuery(name: "portal.sync"))),
        ("gEt portal.sync\r", .get(TokenQuery(name: "portal.sync"))),
        ("GET portal.sync min-valid=0 wait=0", .get(TokenQuery(name: "portal.sync", minValid: 0, wait: 0))),
        ("GET portal.sync wait=600 min-valid=7200", .get(TokenQuery(name: "portal.sync", minValid: 7200, wait: 600))),
        ("GET a.b min-valid=315360000", .get(TokenQuery(name: "a.b", minValid: TokenQuery.longestLifetime))),
        ("GET a.b scope=update scope=read", .get(TokenQuery(name: "a.b", scopes: ["update", "read"]))),
        ("GET a.b scope=a=b", .get(TokenQuery(name: "a.b", scopes: ["a=b"]))),
        ("GET a.b scope=50%25", .get(TokenQuery(name: "a.b", scopes: ["50%"]))),
        ("GET a.b audience=https://api.example/a%20b%c3%A9", .get(TokenQuery(name: "a.b", audience: "https://api.example/a bé"))),
        ("GET NoSuch", .get(TokenQuery(name: "NoSuch"))),
        ("GET min-valid=5", .get(TokenQuery(name: "min-valid=5"))),
        ("GET %zz", .get(TokenQuery(name: "%zz"))),
        ("HEADER a.b wait=007", .header(TokenQuery(name: "a.b", wait: 7))),
        ("WATCH a.b scope=read", .watch(TokenQuery(name: "a.b", scopes: ["read"]))),
        ("REJECT a.b", .reject(name: "a.b", id: nil, wait: 30)),
        ("REJECT a.b wait=5 id=9f3ac2d1770b41e6", .reject(name: "a.b", id: id, wait: 5)),
        ("WAIT a.b", .wait(name: "a.b", wait: 30)),
        ("WAIT a.b wait=60", .wait(name: "a.b", wait: 60)),
        ("LIST", .list),
        ("STATUS", .status(name: nil)),
        ("STATUS a.b", .status(name: "a.b")),
        ("LOGIN a.b", .login(name: "a.b", redirectURI: nil, flow: nil)),
        (
            "LOGIN a.b redirect-uri=http://127.0.0.1:53177/callback",
            .login(name: "a.b", redirectURI: "http://127.0.0.1:53177/callback", flow: nil)
        ),
        ("LOGIN a.b flow=device", .login(name: "a.b", redirectURI: nil, flow: "device")),
        ("CALLBACK 00ff code=a%20b&state=x=", .callback(login: "00ff", answer: Secret("code=a%20b&state=x="))),
        ("LOGIN a.b confirm=first", .login(name: "a.b", redirectURI: nil, flow: nil, confirmsFirst: true)),
        ("CONFIRM 00ff", .confirm(login: "00ff")),
        ("CANCEL 00ff", .cancel(login: "00ff")),
        ("AWAIT 00ff wait=600", .await(login: "00ff", wait: 600)),
        ("LOGOUT a.b", .logout(name: "a.b")),
        ("IMPORT a.b enrt_1D41==", .importToken(name: "a.b", token: Secret("enrt_1D41=="), expires: nil)),
        ("IMPORT a.b t expires=2027-03-01T00:00:00Z", .importToken(name: "a.b", token: Secret("t"), expires: "2027-03-01T00:00:00Z")),
        ("RENEW a.b", .renew(name: "a.b")),
        ("RELOAD", .reload),
        (
            "EXPLAIN a.b uid=1000 gid=4 gid=27 unit=erp-sync.service",
            .explain(ExplainQuery(name: "a.b", uid: 1000, gids: [4, 27], unit: "erp-sync.service"))
        ),
        ("EXPLAIN a.b gid=0 uid=4294967294", .explain(ExplainQuery(name: "a.b", uid: 4_294_967_294, gids: [0]))),
        ("METRICS", .metrics), ("PING", .ping), ("ping\r", .ping), ("HELLO", .hello), ("HELP", .help), ("QUIT", .quit),
    ]

    @Test(arguments: table.indices) func `each verb is parsed with its words and keys`(_ index: Int) throws {
        let (line, request) = Self.table[index]
        #expect(try Request.parse(line).get() == request, "\(line)")
    }

    @Test func `every verb is in the table`() throws {
        let verbs = try Self.table.map { try Request.parse($0.0).get().verb }
        #expect(Set(verbs) == Set(Verb.allCases))
    }

    @Test func `a request has its name`() throws {
        for (line, request) in Self.table {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\r" })
            switch request.verb {
            case .get, .header, .reject, .wait, .watch, .login, .logout, .import, .renew, .explain:
                #expect(request.name == String(words[1]))
            case .status: #expect(request.name == (words.count > 1 ? String(words[1]) : nil))
            case .list, .callback, .confirm, .cancel, .await, .reload, .metrics, .ping, .hello, .help, .quit: #expect(request.name == nil)
            }
        }
    }

    @Test(arguments: table.indices) func `a request is parsed as it was written`(_ index: Int) throws {
        let request = Self.table[index].1
        let line = try request.encoded()
        #expect(line.hasSuffix("\n"))
        #expect(try Request.parse(String(line.dropLast())).get() == request)
    }

    @Test func `values are percent-encoded, and default values are omitted`() throws {
        let query = TokenQuery(name: "a.b", minValid: 5, scopes: ["50%", "é"], audience: "a b\n")
        #expect(try Request.get(query).encoded() == "GET a.b min-valid=5 scope=50%25 scope=%C3%A9 audience=a%20b%0A\n")
    }

    @Test(arguments: ["", "a b", "a\nQUIT", "é", "a\u{7f}"]) func `a word that would break the line is not written`(_ name: String) {
        let buffer = SecretBuffer()
        #expect(throws: Refusal.self) { try Request.renew(name: name).write(to: buffer) }
        #expect(throws: Refusal.self) { try Request.importToken(name: "a.b", token: Secret(name), expires: nil).write(to: buffer) }
        #expect(buffer.count == 0)
    }

    @Test func `a request over the limit is not written`() throws {
        let longest = Request.renew(name: String(repeating: "a", count: 4096 - 7))
        #expect(try longest.encoded().utf8.count == 4096)
        let over = Request.renew(name: String(repeating: "a", count: 4096 - 6))
        #expect(throws: Refusal.self) { try over.encoded() }
        let token = Request.importToken(name: "a.b", token: Secret(String(repeating: "t", count: 32768)), expires: nil)
        #expect(try token.encoded().utf8.count == 32768 + 12)
    }

    @Test func `a printed request shows no secret`() {
        for request in [
            Request.importToken(name: "a.b", token: Secret("sesame"), expires: nil),
            .callback(login: "00", answer: Secret("code=sesame")),
        ] {
            var dumped = ""
            dump(request, to: &dumped)
            #expect(!dumped.contains("sesame") && !"\(request)".contains("sesame"))
        }
    }

    @Test func `HELP has a row for each verb`() {
        let verbs = Request.helpRows.compactMap { $0.split(separator: " ").first.flatMap { Verb(rawValue: String($0)) } }
        #expect(Set(verbs) == Set(Verb.allCases))
        #expect(Request.helpRows.allSatisfy { $0.contains(" : ") && $0.utf8.allSatisfy(\.isPrintable) })
    }
}
