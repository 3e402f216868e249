import Secrets
import Testing
@testable import TokenWire

@Suite struct `Requests that are refused` {
    static let spaces = "items are separated by exactly one space, with none at either end"

    static let table: [(String, String)] = [
        ("", "the line is empty; HELP lists the requests"),
        ("\r", "the line is empty; HELP lists the requests"),
        (" ", spaces), (" PING", spaces), ("PING ", spaces), ("GET  a.b", spaces), ("GET a.b  wait=1", spaces), ("GET ", spaces),
        ("STATUS ", spaces),
        ("PING\t", "byte 0x09 at column 5 is not printable ASCII; a value carries it as %09"),
        ("GET a.\0", "byte 0x00 at column 7 is not printable ASCII; a value carries it as %00"),
        ("GET é", "byte 0xC3 at column 5 is not printable ASCII; a value carries it as %C3"),
        ("PING\r\r", "byte 0x0D at column 5 is not printable ASCII; a value carries it as %0D"),
        ("GTE portal.sync", "unknown request \"GTE\"; HELP lists them"),
        ("GETT a.b", "unknown request \"GETT\"; HELP lists them"),
        ("ABCDEFGHIJKLMNOP", "unknown request \"ABCDEFGHIJKLMNOP\"; HELP lists them"),
        ("ABCDEFGHIJKLMNOPQ", "a request begins with a word of 1 to 16 letters; HELP lists them"),
        ("GET/ a.b", "a request begins with a word of 1 to 16 letters; HELP lists them"),
        ("enrt_1D41D469", "a request begins with a word of 1 to 16 letters; HELP lists them"),
        ("GET", "GET needs a name"), ("header", "HEADER needs a name"), ("REJECT", "REJECT needs a name"),
        ("WAIT", "WAIT needs a name"), ("WATCH", "WATCH needs a name"), ("LOGIN", "LOGIN needs a name"),
        ("LOGOUT", "LOGOUT needs a name"), ("RENEW", "RENEW needs a name"), ("EXPLAIN", "EXPLAIN needs a name"),
        ("CALLBACK", "CALLBACK needs a login id"), ("CALLBACK 00", "CALLBACK needs a query"),
        ("CONFIRM", "CONFIRM needs a login id"), ("AWAIT", "AWAIT needs a login id"),
        ("IMPORT", "IMPORT needs a name"), ("IMPORT a.b", "IMPORT needs a token"),
        ("PING x", "\"x\" is not key=value; PING takes no more words"),
        ("GET a.b read", "\"read\" is not key=value; GET takes no more words"),
        ("STATUS a.b c.d", "\"c.d\" is not key=value; STATUS takes no more words"),
        ("LIST x=1", "LIST knows no key \"x\""), ("PING wait=1", "PING knows no key \"wait\""),
        ("GET a.b scopes=read", "GET knows no key \"scopes\""), ("GET a.b id=9f3ac2d1770b41e6", "GET knows no key \"id\""),
        ("GET a.b WAIT=1", "GET knows no key \"WAIT\""), ("GET a.b =x", "GET knows no key \"\""),
        ("WAIT a.b scope=read", "WAIT knows no key \"scope\""), ("WAIT a.b wait=1 uid=0", "WAIT knows no key \"uid\""),
        ("REJECT a.b scope=read", "REJECT knows no key \"scope\""), ("LOGIN a.b wait=1", "LOGIN knows no key \"wait\""),
        ("IMPORT a.b t wait=1", "IMPORT knows no key \"wait\""), ("EXPLAIN a.b wait=1", "EXPLAIN knows no key \"wait\""),
        ("GET a.b wait=1 wait=1", "wait= may be given only once"), ("GET a.b audience=x audience=y", "audience= may be given only once"),
        ("EXPLAIN a.b uid=1 uid=2", "uid= may be given only once"),
        ("GET a.b audience=", "audience= has no value"), ("GET a.b scope=", "scope= has no value"), ("GET a.b wait=", "wait= has no value"),
        ("GET a.b wait=601", "wait must be 0 to 600 seconds, not \"601\""),
        ("GET a.b wait=-1", "wait must be 0 to 600 seconds, not \"-1\""),
        ("WAIT a.b wait=+1", "wait must be 0 to 600 seconds, not \"+1\""),
        ("AWAIT 00 wait=1s", "wait must be 0 to 600 seconds, not \"1s\""),
        ("GET a.b wait=%31", "wait must be 0 to 600 seconds, not \"%31\""),
        ("GET a.b min-valid=-1", "min-valid must be 0 to 315360000 seconds, not \"-1\""),
        ("GET a.b min-valid=9223372036854775808", "min-valid must be 0 to 315360000 seconds, not \"9223372036854775808\""),
        ("GET a.b scope=a%20b", "scope must be a single scope (repeat the key for more), not \"a%20b\""),
        ("GET a.b scope=%22", "scope must be a single scope (repeat the key for more), not \"%22\""),
        ("GET a.b scope=%C3%A9", "scope must be a single scope (repeat the key for more), not \"%C3%A9\""),
        ("GET a.b audience=%", "audience must be UTF-8 with %XX escapes, not \"%\""),
        ("GET a.b audience=a%4", "audience must be UTF-8 with %XX escapes, not \"a%4\""),
        ("GET a.b audience=%4g", "audience must be UTF-8 with %XX escapes, not \"%4g\""),
        ("GET a.b audience=%FF", "audience must be UTF-8 with %XX escapes, not \"%FF\""),
        ("GET a.b audience=%C3", "audience must be UTF-8 with %XX escapes, not \"%C3\""),
        ("LOGIN a.b flow=code", "flow must be \"device\", not \"code\""),
        ("LOGIN a.b confirm=yes", "confirm must be \"first\", not \"yes\""),
        ("LOGIN a.b flow=device redirect-uri=x", "flow=device has no redirect-uri"),
        ("EXPLAIN a.b", "EXPLAIN needs uid="), ("EXPLAIN a.b gid=1", "EXPLAIN needs uid="),
        ("EXPLAIN a.b uid=root", "uid must be a numeric id, not \"root\""),
        ("EXPLAIN a.b uid=4294967295", "uid must be a numeric id, not \"4294967295\""),
    ]

    @Test(arguments: table.indices) func `the text names the error`(_ index: Int) throws {
        let (line, text) = Self.table[index]
        let refusal = try #require(Request.refusal(line))
        #expect(refusal == Refusal(.badRequest, [], text))
    }

    @Test(arguments: ["9f3ac2d1770b41e", "9f3ac2d1770b41e6a", "9F3AC2D1770B41E6", "sesame-sesame-se"])
    func `an id is 16 lower-case hex digits and is not quoted`(_ id: String) throws {
        let refusal = try #require(Request.refusal("REJECT a.b id=\(id)"))
        #expect(refusal.text == "id= must be the 16 lower-case hex digits of a token's id, never the token")
    }

    @Test func `at most 64 bytes of the line are quoted`() throws {
        let word = String(repeating: "a", count: 64)
        #expect(Request.refusal("PING \(word)")?.text == "\"\(word)\" is not key=value; PING takes no more words")
        #expect(Request.refusal("PING \(word)b")?.text == "\"\(word)...\" is not key=value; PING takes no more words")
        #expect(Request.refusal("GET a.b \(word)b=1")?.text == "GET knows no key \"\(word)...\"")
        #expect(Request.refusal("GET a.b wait=\(word)b")?.text == "wait must be 0 to 600 seconds, not \"\(word)...\"")
    }

    @Test(arguments: [
        "IMPORT a.b to sesame", "IMPORT a.b to sesame=", "CALLBACK 00 code=x sesame", "REJECT a.b sesame", "REJECT a.b sesame==",
        "REJECT a.b id=sesame", "sesame_", "IMPORT a.b \u{1} sesame",
    ]) func `a token in the wrong position is not quoted`(_ line: String) throws {
        let refusal = try #require(Request.refusal(line))
        #expect(!refusal.text.contains("sesame"))
    }

    @Test func `quoted text is printable ASCII`() {
        #expect(Quotation.of("a\u{1b}[1mé") == "\"a%1B[1m%C3%A9\"")
        #expect(Quotation.of(String(repeating: "\n", count: 40)) == "\"" + String(repeating: "%0A", count: 21) + "...\"")
    }
}
