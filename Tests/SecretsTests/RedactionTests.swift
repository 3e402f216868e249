import Secrets
import Testing

private struct Holder {
    let name = "portal"
    let secret: Secret
    let more: [Secret]
    let perhaps: Secret?
}

private enum Outcome: Error { case held(Secret) }

@Suite struct RedactionTests {
    private let text = "s3cr3t-value"

    private func printouts(of value: some Any) -> [String] {
        var dumped = ""
        dump(value, to: &dumped)
        var printed = ""
        print(value, terminator: "", to: &printed)
        return ["\(value)", String(describing: value), String(reflecting: value), dumped, printed]
    }

    private func expectNothing<T>(of value: T, sourceLocation: SourceLocation = #_sourceLocation) {
        for printout in printouts(of: value) {
            #expect(!printout.contains("s3cr3t"), sourceLocation: sourceLocation)
            #expect(!printout.contains("115, 51, 99"), sourceLocation: sourceLocation)
        }
    }

    @Test func `a secret is redacted in every printout`() {
        for printout in printouts(of: Secret(text)) { #expect(printout.contains("<secret>")) }
        expectNothing(of: Secret(text))
    }

    @Test func `a secret inside other values is redacted too`() {
        let secret = Secret(text)
        expectNothing(of: Holder(secret: secret, more: [secret, secret], perhaps: secret))
        expectNothing(of: Outcome.held(secret))
        expectNothing(of: [secret: [secret]])
        expectNothing(of: Optional(secret) as Any)
        expectNothing(of: (secret, 1))
    }

    @Test func `a mirror finds no children in a secret`() {
        #expect(Mirror(reflecting: Secret(text)).children.isEmpty)
    }

    @Test func `a printed buffer shows nothing of its content`() {
        let buffer = SecretBuffer()
        buffer.append(text: text)
        expectNothing(of: buffer)
    }
}
