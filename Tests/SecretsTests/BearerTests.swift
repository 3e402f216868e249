import Secrets
import Testing

@Suite struct BearerTests {
    static let good = [
        "a", "Z", "0", "-", ".", "_", "~", "+", "/", "a=", "a==", "a====", "eyJhbGciOi.eyJz-_.sig", "cn_demo.f7ac+/~==",
        String(repeating: "t", count: Secret.longestToken),
    ]
    static let bad = [
        "", "=", "==", "a=b", "=a", "a b", "a\n", "a\r", "\u{0}", "a\u{0}", "a\"", "a,b", "a%20", "a:b", "é", "a\u{7f}", "a\\", "a@",
        "[", "`", "{", String(repeating: "t", count: Secret.longestToken + 1),
    ]

    @Test(arguments: good)
    func `a b64token may be sent as a token`(_ token: String) { #expect(Secret(token).isBearerToken) }

    @Test(arguments: bad)
    func `anything else may not`(_ token: String) { #expect(!Secret(token).isBearerToken) }

    @Test(arguments: good + ["a b", "a\"", "a,b", "a%20", "a:b", "a\\", "{", "=", "0.AXoA!x*y$z"])
    func `a refresh token is of printable characters`(_ token: String) { #expect(Secret(token).isRefreshToken) }

    @Test(arguments: ["", "a\n", "a\r", "\u{0}", "é", "a\u{7f}", String(repeating: "t", count: Secret.longestToken + 1)])
    func `and of nothing else`(_ token: String) { #expect(!Secret(token).isRefreshToken) }

    @Test func `of all single bytes exactly 68 may be sent`() {
        let count = (UInt8.min...UInt8.max).count { byte in
            withUnsafeBytes(of: byte) { Secret(copying: $0) }.isBearerToken
        }
        #expect(count == 26 + 26 + 10 + 6)
    }
}
