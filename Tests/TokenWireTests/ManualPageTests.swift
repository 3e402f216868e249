import TestSupport
import Testing
@testable import TokenWire

/// `tokend-protocol(7)` lists what a caller may write and hear.
@Suite struct `The manual page of the protocol` {
    let page: ManualPage

    init() throws { page = try ManualPage("tokend-protocol.7.md") }

    @Test func `it has every verb once, and no others`() {
        let written = page.items(under: "REQUESTS").compactMap(\.literals.first)
        #expect(written.sorted() == Verb.allCases.map(\.rawValue).sorted())
    }

    @Test func `it has every key once, and no others`() {
        #expect(page.terms(under: "KEYS").sorted() == RequestKey.allCases.map { "\($0.name)" }.sorted())
    }

    @Test(arguments: Verb.allCases) func `a request is shown with keys that it knows`(_ verb: Verb) throws {
        let item = try #require(page.items(under: "REQUESTS").first { $0.literals.first == verb.rawValue })
        let keys = item.literals.dropFirst().filter { $0.contains("=") }.map { $0.prefix { $0 != "=" } }
        #expect(Set(keys).isSubset(of: RequestKey.allCases.map { "\($0.name)"[...] }))
    }

    @Test func `it has every code once, with what tokenctl exits with, and no others`() {
        let written = page.items(under: "ERRORS").map(\.term)
        #expect(written.sorted() == RefusalCode.allCases.map { "`\($0.rawValue)` (\($0.exitStatus))" }.sorted())
    }
}
