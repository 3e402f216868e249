import ErpNet
import Testing

struct FormTests {
    @Test(arguments: [
        ("a=1&b=2", [("a", "1"), ("b", "2")]),
        ("a=", [("a", "")]),
        ("a", [("a", "")]),
        ("a=b=c", [("a", "b=c")]),
        ("id=com.example.orchid%2Fsync&s=s3cr3t%2Fwith%2Bodd%26chars%3D", [("id", "com.example.orchid/sync"), ("s", "s3cr3t/with+odd&chars=")]),
        ("a=b+c%20d", [("a", "b c d")]),
        ("a=%D0%B1", [("a", "б")]),
        ("", []),
    ])
    func `a form is decoded in its order`(text: String, fields: [(String, String)]) throws {
        let form = try #require(Form(decoding: Array(text.utf8)))
        #expect(form.fields.map(\.name) == fields.map(\.0))
        #expect(form.fields.map(\.value) == fields.map(\.1))
    }

    @Test(arguments: ["a=%", "a=%2", "a=%GG", "a=%FF", "%=1"])
    func `a form that cannot be decoded is none`(text: String) {
        #expect(Form(decoding: Array(text.utf8)) == nil)
    }

    @Test func `a repeated field is found by name`() {
        #expect(Form(decoding: Array("a=1&b=2&a=3".utf8))?.repeated == "a")
        #expect(Form(decoding: Array("a=1&b=1".utf8))?.repeated == nil)
    }
}

struct JSONTests {
    @Test func `members keep their order and text is escaped`() {
        let value: JSON = ["b": 1, "a": ["x\"\\\n\u{1}", true, nil], "c": [:]]
        #expect(value.description == #"{"b":1,"a":["x\"\\\n\u0001",true,null],"c":{}}"#)
    }

    @Test func `a member is replaced in its place`() {
        let value: JSON = ["a": 1, "b": 2]
        #expect(value.setting("a", to: 3).description == #"{"a":3,"b":2}"#)
        #expect(value.removing("a").description == #"{"b":2}"#)
        #expect(value.appending("a", 4).description == #"{"a":1,"b":2,"a":4}"#)
    }
}

struct HTTPDateTests {
    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (1_790_000_000, "Mon, 21 Sep 2026 14:13:20 GMT"),
        (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
    ])
    func `an HTTP date is the one of RFC 9110`(seconds: Int, text: String) {
        #expect(httpDate(seconds) == text)
    }
}
