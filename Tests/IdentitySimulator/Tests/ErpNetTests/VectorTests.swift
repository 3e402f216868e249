import ErpNet
import Keys
import Testing

/// Values that were computed elsewhere.
struct VectorTests {
    @Test func `SIM-04 a secret is kept as the Base64 of its SHA-256`() {
        let hash = TrustedApplication.hash(ofSecret: "s3cr3t/with+odd&chars=")
        #expect(hash == "At72/GpdRavVioaisBm2kXR7+F12rdiCi8EGeI+WSZI=")
    }

    @Test func `SIM-06 a Basic header is form-decoded after it is split`() throws {
        let value = "Basic Y29tLmV4YW1wbGUub3JjaGlkJTJGc3luYzpzM2NyM3QlMkZ3aXRoJTJCb2RkJTI2Y2hhcnMlM0Q="
        let request = Request(
            site: Instance.site, method: "POST", target: "/id/connect/token", headers: [.init("Authorization", value)], body: [])
        let client = try PresentedClient(request, form: try #require(Form(decoding: [])))
        #expect(client.id == "com.example.orchid/sync")
        #expect(client.secret == "s3cr3t/with+odd&chars=")
        #expect(client.method == .basic)
    }

    @Test func `a fingerprint is the first 16 hex digits of the SHA-256`() {
        #expect(fingerprint("abc") == "ba7816bf8f01cfea")
    }

    @Test(arguments: [("", []), ("Zg", [0x66]), ("-_8", [0xFB, 0xFF]), ("Zm9v", [0x66, 0x6F, 0x6F])] as [(String, [UInt8])])
    func `Base64url goes both ways without padding`(text: String, bytes: [UInt8]) {
        #expect(base64url(bytes) == text)
        #expect(base64urlDecoded(text) == bytes)
    }

    @Test(arguments: ["Zg==", "+/8", "Z g", "Z"])
    func `Base64url refuses padding, the other alphabet and odd lengths`(text: String) {
        #expect(base64urlDecoded(text) == nil)
    }
}
