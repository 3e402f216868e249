import Secrets
import Testing
@testable import TokenWire

@Suite struct `Replies` {
    static let token = ServedToken(
        token: Secret("eyJ.abc=="), expires: .at(1_762_189_360), id: Fingerprint(bits: 0x9f3a_c2d1_770b_41e6), scopes: ["read", "50%"])
    static let pat = ServedToken(token: Secret("enrt_1D"), expires: .never, id: Fingerprint(bits: 1), scopes: [], header: .apiKey)

    static let table: [(Reply, String)] = [
        (.ok(), "OK\n"),
        (.ok(words: ["renewed"]), "OK renewed\n"),
        (.ok(words: ["cooling"], fields: [Field("retry-after", 30)]), "OK cooling retry-after=30\n"),
        (.ok(fields: [Field("subject", "a b%é\n")]), "OK subject=a%20b%25%C3%A9%0A\n"),
        (.ok(words: ["https://a/?q=%20"]), "OK https://a/?q=%20\n"),
        (.ok(words: ["", "a b", "x\ny"]), "OK - a%20b x%0Ay\n"),
        (.token(token), "OK eyJ.abc== type=Bearer expires=1762189360 id=9f3ac2d1770b41e6 scope=read scope=50%25\n"),
        (.token(pat), "OK enrt_1D type=Bearer expires=never id=0000000000000001\n"),
        (.header(token), "OK Authorization: Bearer eyJ.abc==\n"),
        (.header(pat), "OK X-Api-Key: enrt_1D\n"),
        (.rows([]), "OK\n"),
        (.rows([.fields(words: ["a.b"], [Field("state", "ready")]), .fields(words: ["c.d"], [])], words: ["2"]), "+ a.b state=ready\n+ c.d\nOK 2\n"),
        (.rows([.text("GET name : a valid token"), .text("a\tb\u{9b}é\nc 100%")]), "+ GET name : a valid token\n+ a%09b%C2%9Bé%0Ac 100%\nOK\n"),
        (
            .rows([.token(pat), .trouble(state: "unavailable", reason: "no answer")]),
            "+ enrt_1D type=Bearer expires=never id=0000000000000001\n+ - state=unavailable reason=no%20answer\nOK\n"
        ),
        (.refused(Refusal(.denied, [], "uid 1000 may not use \"a.b\"")), "ERR denied : uid 1000 may not use \"a.b\"\n"),
        (.refused(Refusal(.busy, [Field("retry-after", 5), Field("reason", "a:b c")], "later")), "ERR busy retry-after=5 reason=a:b%20c : later\n"),
        (.refused(Refusal(.internal, [], "a\r\nOK")), "ERR internal : a%0D%0AOK\n"),
        (.refused(Refusal(.badConfig, [], "1 problem"), rows: [.text("a.toml:1: no")]), "+ a.toml:1: no\nERR bad-config : 1 problem\n"),
    ]

    @Test(arguments: table.indices) func `are written as the protocol specifies`(_ index: Int) {
        #expect(Self.table[index].0.encoded == Self.table[index].1)
    }

    @Test(arguments: table.indices) func `are parsed line by line, however they are split`(_ index: Int) {
        let bytes = Array(Self.table[index].1.utf8)
        for cut in 0...bytes.count {
            var reader = ReplyReader()
            var openings: [String] = []
            for piece in [bytes[..<cut], bytes[cut...]] {
                Array(piece).withUnsafeBytes {
                    reader.feed($0) {
                        openings.append(Self.opening($0)); return true
                    }
                }
            }
            #expect(openings == Self.table[index].1.split(separator: "\n").map { String($0.prefix { $0 != " " }) })
            #expect(!reader.hasPartial)
        }
    }

    static func opening(_ line: ReplyLine) -> String {
        switch line {
        case .row: "+"
        case .ok: "OK"
        case .refused: "ERR"
        case .malformed: "?"
        }
    }

    @Test(arguments: RefusalCode.allCases) func `a refusal is parsed as it was written`(_ code: RefusalCode) throws {
        let refusal = Refusal(code, [Field("reason", "a b%é"), Field("retry-after", 5)], "one : two  three ")
        let line = String(Reply.refused(refusal).encoded.dropLast())
        guard case .refused(let read) = ReplyLine(line) else { Issue.record("not a refusal: \(line)"); return }
        #expect(read == refusal)
    }

    @Test func `a token is parsed as a secret`() throws {
        guard case .ok(let body) = ReplyLine(String(Reply.token(Self.token).encoded.dropLast())) else { Issue.record("not OK"); return }
        let token = try #require(body.token)
        #expect(token.token.wording == "eyJ.abc==" && token.expires == .at(1_762_189_360))
        #expect(token.id == Self.token.id && token.scopes == ["read", "50%"])
        #expect(!"\(body)".contains("eyJ") && !"\(token)".contains("eyJ"))
    }

    @Test(arguments: [
        "OK", "OK ", "OK a", "OK a type=Bearer", "OK a expires=never", "OK a id=9f3ac2d1770b41e6", "OK a expires=x id=9f3ac2d1770b41e6",
        "OK é expires=never id=9f3ac2d1770b41e6", "OK a expires=never id=9f", "OK a  expires=never id=9f3ac2d1770b41e6",
        "OK - state=ready reason=x", "OK a expires=never id=9f3ac2d1770b41e6 scope=%zz",
    ]) func `a truncated token reply has no token`(_ line: String) {
        guard case .ok(let body) = ReplyLine(line) else { Issue.record("not OK"); return }
        #expect(body.token == nil)
    }

    @Test(
        arguments: [
            ("never", Expiry.never), ("0", .at(0)), ("-1", .at(-1)), ("253402300799", .at(253_402_300_799)), ("-253402300799", .at(-253_402_300_799)),
            ("253402300800", nil), ("-253402300800", nil), ("9223372036854775807", nil), ("-9223372036854775808", nil), ("9223372036854775808", nil),
            ("99999999999999999999", nil), ("", nil), ("1.5", nil), ("never ", nil),
        ] as [(String, Expiry?)])
    func `an expiry is a time that can be computed with`(_ text: String, _ end: Expiry?) { #expect(Expiry(text) == end) }

    @Test(arguments: [
        ("\u{1B}[2J", "%1B[2J"), ("\u{7F}\u{9B}", "%7F%C2%9B"), ("a\u{202E}b", "a%E2%80%AEb"), ("\u{2028}\u{2066}", "%E2%80%A8%E2%81%A6"),
        ("\u{FEFF}\u{AD}", "%EF%BB%BF%C2%AD"), ("\u{E0041}", "%F3%A0%81%81"), ("M\u{FC}ller 100% \u{440} \u{200D}", "M\u{FC}ller 100% \u{440} \u{200D}"),
    ]) func `characters that control a terminal or are invisible are percent-encoded`(_ text: String, _ plain: String) {
        #expect(Quotation.plain(text) == plain)
        #expect(Reply.refused(Refusal(.internal, [], text)).encoded == "ERR internal : \(plain)\n")
    }

    static func place(_ line: String, _ find: (UnsafeRawBufferPointer) -> Range<Int>?) -> String? {
        Array(line.utf8).withUnsafeBytes { bytes in find(bytes).map { String(decoding: bytes[$0], as: UTF8.self) } }
    }

    @Test(arguments: table.indices) func `the range of a token or a header is where it was written`(_ index: Int) {
        let (reply, text) = Self.table[index]
        let line = String(text.prefix { $0 != "\n" })
        let token = Self.place(line, ReplyLine.rangeOfToken)
        let header = Self.place(line, ReplyLine.rangeOfHeader)
        switch reply {
        case .token(let served): #expect(token == served.token.wording && header == nil)
        case .header: #expect(token == nil && header == String(line.dropFirst(3)))
        case .ok, .rows, .refused: #expect(token == nil && header == nil)
        }
    }

    @Test(arguments: [
        "OK", "OK ", "OK a", "OK a ", "OK a type=Bearer", "OK a expires=never", "OK a id=1", "OK - expires=1 id=1",
        "OK é expires=1 id=1", "OK a\u{7f} expires=1 id=1", "OK a  expires=1 id=1", "OK a expires=1 id=1 ", "OK a expires=1 id=1 x", "OK a expires=1 id=1\t",
        "OK a expires=1 =1 id=1",
        "+ a expires=1 id=1", "ok a expires=1 id=1", "OKa expires=1 id=1", " OK a expires=1 id=1", "OK  expires=1 id=1",
    ]) func `an incomplete token has no range`(_ line: String) { #expect(Self.place(line, ReplyLine.rangeOfToken) == nil) }

    @Test(arguments: ["=", "a=b", "a!", "Atza|IQ", "--", "\"", "\\", "type=Bearer", ":", "%41", "expires=never"])
    func `TR-12 a token of any visible characters has a range, and is parsed as written`(_ token: String) throws {
        let line = "OK \(token) expires=never id=9f3ac2d1770b41e6 scope=read"
        #expect(Self.place(line, ReplyLine.rangeOfToken) == token)
        guard case .ok(let body) = ReplyLine(line) else { Issue.record("not OK"); return }
        #expect(try #require(body.token).token.wording == token)
    }

    @Test(arguments: ["OK", "OK ", "OK a", "OK a:", "OK a: ", "OK : b", "OK a:b", "OK a: b\r", "ERR a : b", "+ a: b", "ok a: b"])
    func `an invalid header has no range`(_ line: String) { #expect(Self.place(line, ReplyLine.rangeOfHeader) == nil) }

    @Test func `unknown keys are ignored, and an unknown code is parsed as internal`() throws {
        guard case .ok(let body) = ReplyLine("OK t new=1 expires=never id=9f3ac2d1770b41e6") else { Issue.record("not OK"); return }
        #expect(body.token != nil)
        #expect(Self.place("OK t new=1 expires=never id=9f3ac2d1770b41e6", ReplyLine.rangeOfToken) == "t")
        guard case .refused(let refusal) = ReplyLine("ERR brand-new reason=x : hm") else { Issue.record("not ERR"); return }
        #expect(refusal == Refusal(.internal, [Field("reason", "x")], "hm"))
    }

    @Test(arguments: [
        "", "ok", "OKAY", "-", "ERR", "ERR busy", "ERR busy later", "ERR : text", "ERR busy x : text", "ERR  busy : text", "HTTP/1.1 200 OK",
        "ERR busy a\u{1b}=1 : text", "ERR busy a=\u{9b}1 : text",
    ])
    func `any other line is malformed`(_ line: String) {
        guard case .malformed = ReplyLine(line) else { Issue.record("understood: \(line)"); return }
    }

    @Test func `a row is split into words and fields`() throws {
        guard case .row(let body) = ReplyLine("+ a.b state=ready reason=a%20b") else { Issue.record("not a row"); return }
        let items = try #require(body.items(words: 1))
        #expect(items.words == ["a.b"] && items.fields.first("state") == "ready" && items.fields.first("reason") == "a b")
        #expect(body.items(words: 2)?.words == ["a.b", "state=ready"])
        #expect(body.items(words: 0) == nil && body.items(words: 4) == nil)
        #expect(body.text == "a.b state=ready reason=a%20b")
    }

    @Test func `the tail of a token contains no secret and completes the line`() {
        let tail = Self.token.writeTail()
        #expect(String(decoding: tail, as: UTF8.self) == " type=Bearer expires=1762189360 id=9f3ac2d1770b41e6 scope=read scope=50%25\n")
        let buffer = SecretBuffer()
        buffer.append("OK ")
        buffer.append(Self.token.token)
        tail.withUnsafeBytes { buffer.append($0) }
        #expect(buffer.wording == Reply.token(Self.token).encoded)
    }

    @Test(arguments: [0, 1, 300, 8_000]) func `a reply contains as many scopes as fit into 4,096 bytes`(_ number: Int) {
        let scopes = (0..<number).map { "s\($0)" }
        let token = ServedToken(token: Secret("t"), expires: .never, id: Fingerprint(bits: 1), scopes: scopes)
        let bare = ServedToken(token: Secret("t"), expires: .never, id: Fingerprint(bits: 1), scopes: [])
        let line = Reply.token(token).encoded
        #expect(line.utf8.count <= Reply.token(bare).encoded.utf8.count + 4_096)
        guard case .ok(let body) = ReplyLine(String(line.dropLast())) else { Issue.record("not OK"); return }
        let carried = body.token?.scopes ?? []
        #expect(carried == Array(scopes.prefix(carried.count)))
        #expect(number > 300 ? carried.count > 300 : carried.count == number)
    }

    @Test func `no line is longer than 65,536 bytes`() {
        let long = String(repeating: "é", count: 40_000)
        let wide = ServedToken(
            token: Secret(String(repeating: "t", count: 32_768)), expires: .never, id: Fingerprint(bits: 1),
            scopes: (0..<9000).map { "scope\($0)" })
        let replies: [Reply] = [
            .ok(words: [long], fields: [Field("a", long)]), .rows([.text(long), .fields(words: [long], []), .token(wide)]),
            .refused(Refusal(.internal, [Field("a", long), Field("b", "kept")], long)), .token(wide), .header(wide),
            .ok(fields: (0..<9000).map { Field("key", $0) }),
        ]
        for reply in replies {
            let lines = reply.encoded.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.last == "" && lines.dropLast().allSatisfy { $0.utf8.count < 65_536 })
        }
        guard case .refused(let refusal) = ReplyLine(String(replies[2].encoded.dropLast())) else { Issue.record("not ERR"); return }
        #expect(refusal.fields == [Field("b", "kept")] && refusal.text.hasPrefix("éé"))
        guard case .ok(let body) = ReplyLine(String(replies[3].encoded.dropLast())) else { Issue.record("not OK"); return }
        #expect(body.token?.token.count == 32_768)
    }
}
