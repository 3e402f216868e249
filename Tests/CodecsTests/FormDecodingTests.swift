import Codecs
import Secrets
import Testing

@Suite struct FormDecodingTests {
    @Test(arguments: [
        ("", "", true), ("a+b", "a b", true), ("%41%7e", "A~", true), ("%", "%", false), ("%4", "%4", false), ("%zz1", "%zz1", false),
        ("100%25", "100%", true), ("%2", "%2", false), ("a%+b", "a% b", false),
    ])
    func `a percent sign that begins no escape stands for itself, and is told`(_ text: String, _ value: String, _ isWhole: Bool) {
        let decoded = Secret(text).withBytes { Secret.formDecoded($0) }
        #expect(decoded.value == Secret(value) && decoded.isWhole == isWhole)
    }
}
