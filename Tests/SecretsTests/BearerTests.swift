import Secrets
import Testing

@Suite struct BearerTests {
    static let good = [
        "a", "Z", "0", ".", "_", "~", "+", "/", "a=", "a==", "a====", "eyJhbGciOi.eyJz-_.sig", "cn_demo.f7ac+/~==", "=", "==", "a=b", "=a", "a\"", "a,b",
        "a%20", "a:b", "a\\", "a@", "[", "`", "{", "--", "Atza|IQEBLjAsAhRm", "00Dx0000000BV7z!AR8AQP0j", "ATCTT3xFfGN0=1A2B3C4D", "3|Jk8VqNvKQ1bYxPpN",
        String(repeating: "t", count: Secret.longestToken),
    ]
    static let bad = [
        "", "-", " ", "a b", " a", "a ", "a\n", "a\r", "a\t", "\u{0}", "a\u{0}", "é", "a\u{7f}", "a\u{80}",
        String(repeating: "t", count: Secret.longestToken + 1),
    ]

    @Test(arguments: good)
    func `TR-12 a token of visible ASCII may be sent`(_ token: String) { #expect(Secret(token).isBearerToken) }

    @Test(arguments: bad)
    func `TR-12 a token with any other byte may not be sent`(_ token: String) { #expect(!Secret(token).isBearerToken) }

    @Test(arguments: good + ["-", "a b", "0.AXoA!x*y$z"])
    func `a refresh token consists of printable characters`(_ token: String) { #expect(Secret(token).isRefreshToken) }

    @Test(arguments: ["", "a\n", "a\r", "\u{0}", "é", "a\u{7f}", String(repeating: "t", count: Secret.longestToken + 1)])
    func `a refresh token with any other byte is rejected`(_ token: String) { #expect(!Secret(token).isRefreshToken) }

    @Test func `exactly 93 single bytes are valid tokens`() {
        let count = (UInt8.min...UInt8.max).count { byte in
            withUnsafeBytes(of: byte) { Secret(copying: $0) }.isBearerToken
        }
        #expect(count == 0x7E - 0x21 + 1 - 1)
    }
}
