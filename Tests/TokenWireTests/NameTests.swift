import Testing
import TokenWire

@Suite struct `Token names` {
    @Test(arguments: ["portal.sync", "a.b", "0.9", "a-b_c.d-e_f", "\(String(repeating: "a", count: 32)).b"])
    func `a name has two short plain parts and one dot`(_ text: String) throws {
        let name = try #require(TokenName(text))
        #expect(name.description == text && "\(name.application).\(name.token)" == text)
        #expect(TokenName(application: String(name.application), token: String(name.token)) == name)
    }

    @Test(arguments: [
        "", ".", "a", "a.", ".b", "a.b.c", "A.b", "a.B", "-a.b", "_a.b", "a.-b", "a b.c", "a/b.c", "é.b", "a..b", "a.b\n",
        "\(String(repeating: "a", count: 33)).b",
    ])
    func `any other text is not a name`(_ text: String) { #expect(TokenName(text) == nil) }
}
