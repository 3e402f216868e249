import Secrets
import Testing
@testable import OAuth

struct `Form encoding and Basic` {
    @Test(arguments: [
        ("com.example.orchid/sync", "com.example.orchid%2Fsync"), ("s3cr3t/with+odd&chars=", "s3cr3t%2Fwith%2Bodd%26chars%3D"),
        ("s3cr:et+/%26=&?", "s3cr%3Aet%2B%2F%2526%3D%26%3F"), ("azAZ09-._~", "azAZ09-._~"), ("a b", "a%20b"), ("", ""),
        ("\u{0}\n\u{7F}*'", "%00%0A%7F%2A%27"), (" %&+£€", "%20%25%26%2B%C2%A3%E2%82%AC"),
    ])
    func `CAUTH-02 every byte that is not unreserved is percent-encoded`(plain: String, encoded: String) {
        #expect(Secret(plain).formEncoded.revealed == encoded)
    }

    @Test func `CAUTH-02 id and secret are encoded before they are joined`() {
        let value = Secret.basicCredentials(id: "com.example.orchid/sync", secret: Secret("s3cr3t/with+odd&chars="))
        #expect(value.revealed == "Basic Y29tLmV4YW1wbGUub3JjaGlkJTJGc3luYzpzM2NyM3QlMkZ3aXRoJTJCb2RkJTI2Y2hhcnMlM0Q=")
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ("\u{0}\u{0}\u{0}", "AAAA"), ("~~~???>>>", "fn5+Pz8/Pj4+"),
    ])
    func `Base64 matches RFC 4648 section 10`(plain: String, encoded: String) {
        let buffer = SecretBuffer()
        Secret(plain).withBytes { buffer.appendBase64($0) }
        #expect(buffer.secret().revealed == encoded)
    }

    @Test func `NET-06 an empty parameter is omitted`() {
        let form = FormBody()
        form.add("a", "1")
        form.add("b", "")
        form.add("c", "x y&z")
        #expect(form.secret.revealed == "a=1&c=x%20y%26z")
    }
}
