import Secrets
import Testing
@testable import Codecs

struct `Reading JSON` {
    private func problem(_ text: String) -> JSONProblem? { problem(Secret(text)) }

    private func problem(_ body: Secret) -> JSONProblem? {
        switch JSONObject.read(body) {
        case .success: nil
        case .failure(let problem): problem
        }
    }

    private func object(_ text: String) throws -> JSONObject { try JSONObject.read(Secret(text)).get() }

    @Test(arguments: [
        "{}", " {\t\"a\" :\r\n1 } ", #"{"a":[]}"#, #"{"a":[1,-0,0.5,1e3,-1.5E+10,2e-2]}"#, #"{"a":{"b":{"c":[[[]]]}}}"#,
        #"{"a":true,"b":false,"c":null}"#, #"{"":"" }"#, #"{"a":"\u0041\ud83d\ude00\n\"\\\/\b\f\r\t"}"#, "{\"ключ\":\"стойност\"}",
        "\u{FEFF}{\"a\":1}",
    ])
    func `a JSON object is accepted, also with a byte order mark`(text: String) {
        #expect(problem(text) == nil)
    }

    @Test(arguments: [
        "", " ", "{", "}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, "{,}", #"{a:1}"#, #"{'a':1}"#, #"{"a":01}"#, #"{"a":+1}"#, #"{"a":.5}"#,
        #"{"a":1.}"#, #"{"a":1e}"#, #"{"a":-}"#, #"{"a":NaN}"#, #"{"a":Infinity}"#, #"{"a":tru}"#, #"{"a":nulll}"#, #"{"a":"b}"#,
        #"{"a":"\x"}"#, #"{"a":"\u12"}"#, #"{"a":"\u12G4"}"#, "{\"a\":\"\n\"}", "{\"a\":\"\u{0}\"}", #"{"a":[1,]}"#, #"{"a":[1 2]}"#,
        #"{"a":1 "b":2}"#, "access_token=x&token_type=bearer", "<html>", "/* */{}", #"{"a":"\"#, #"{"a":"\u"#, "{\"a\":1]",
    ])
    func `any other text is rejected`(text: String) {
        #expect(problem(text) == .notJSON)
    }

    @Test(arguments: [
        ("[]", JSONProblem.notAnObject), ("\"x\"", .notAnObject), ("1", .notAnObject), ("null", .notAnObject),
        ("{}{}", .trailing), ("{} x", .trailing), ("{}\u{0}", .trailing), ("{}\u{FEFF}", .trailing),
        (#"{"a":1,"a":1}"#, .twice), (#"{"a":1,"\u0061":2}"#, .twice), (#"{"x":[{"b":1,"b":null}]}"#, .twice),
        (#"{"a":"\ud800"}"#, .notJSON), (#"{"a":"\ud800\u0041"}"#, .notUTF8), (#"{"a":"\udc00"}"#, .notUTF8),
    ])
    func `TR-15 a text that two parsers could read differently is rejected`(text: String, expected: JSONProblem) {
        #expect(problem(text) == expected)
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xC3], [0xFF, 0xFE],
        ] as [[UInt8]])
    func `TR-15 invalid UTF-8 is rejected`(bytes: [UInt8]) {
        let body = Array("{\"a\":\"".utf8) + bytes + Array("\"}".utf8)
        #expect(problem(body.withUnsafeBytes { Secret(copying: $0) }) == .notUTF8)
    }

    @Test func `every truncated text is rejected`() throws {
        let text = #"{"a":[1.5e3,"x\u0041\ud83d\ude00",{"b":null,"c":true}],"d":"\n"}"#
        for end in 0..<text.utf8.count { #expect(problem(Secret(text)[0..<end]) != nil, "cut at \(end)") }
        #expect(problem(text) == nil)
    }

    @Test func `the depth and the number of values are limited`() {
        let deep = { (count: Int) in "{\"a\":" + String(repeating: "[", count: count) + String(repeating: "]", count: count) + "}" }
        #expect(problem(deep(JSONReader.deepest - 1)) == nil)
        #expect(problem(deep(JSONReader.deepest)) == .tooDeep)
        #expect(problem(deep(400_000)) == .tooDeep)
        let wide = { (count: Int) in "{\"a\":[" + Array(repeating: "1", count: count).joined(separator: ",") + "]}" }
        #expect(problem(wide(JSONReader.mostValues - 2)) == nil)
        #expect(problem(wide(JSONReader.mostValues - 1)) == .tooMany)
    }

    @Test(arguments: [
        (#""plain""#, "plain"), (#""\u0041\u00e9\u20AC\uD83D\uDE00""#, "Aé€😀"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#""é😀""#, "é😀"), (#""""#, ""), (#""\u0000""#, "\u{0}"), (#""a\/b""#, "a/b"),
    ])
    func `escape sequences are decoded`(written: String, expected: String) throws {
        let object = try object("{\"a\":\(written)}")
        guard case .string(let string)? = object["a"] else { return #expect(Bool(false), "no string") }
        #expect(string.text == expected)
        #expect(string.secret == Secret(expected))
        #expect(string.isEmpty == expected.isEmpty)
    }

    @Test func `names are compared by code points`() throws {
        // the two encodings of é, which are equal as `String`
        let object = try object("{\"\u{E9}\":\"one\",\"e\u{301}\":\"two\"}")
        #expect(object.text("\u{E9}") == "one")
        #expect(object.text("e\u{301}") == "two")
    }

    @Test func `null counts as missing, and types are not converted`() throws {
        let object = try object(#"{"n":null,"i":1,"s":"x","l":["a","b"],"m":["a",1]}"#)
        #expect(object["n"] == nil)
        #expect(object["missing"] == nil)
        #expect(object.text("i") == nil)
        #expect(object.texts("l") == ["a", "b"])
        #expect(object.texts("m") == nil)
        #expect(object.texts("s") == nil)
    }
}
