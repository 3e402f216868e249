import TestSupport
import Testing
@testable import TokenWire

/// `tokend-protocol(7)` lists all verbs, keys and codes.
@Suite struct `The manual page of the protocol` {
    let page: ManualPage

    init() throws { page = try ManualPage("tokend-protocol.7.md") }

    @Test func `lists every verb once, and no others`() {
        let written = page.items(under: "REQUESTS").compactMap(\.literals.first)
        #expect(written.sorted() == Verb.allCases.map(\.rawValue).sorted())
    }

    @Test func `lists every key once, and no others`() {
        #expect(page.terms(under: "KEYS").sorted() == RequestKey.allCases.map { "\($0.name)" }.sorted())
    }

    @Test(arguments: Verb.allCases) func `shows each request with keys that it supports`(_ verb: Verb) throws {
        let item = try #require(page.items(under: "REQUESTS").first { $0.literals.first == verb.rawValue })
        let keys = item.literals.dropFirst().filter { $0.contains("=") }.map { $0.prefix { $0 != "=" } }
        #expect(Set(keys).isSubset(of: RequestKey.allCases.map { "\($0.name)"[...] }))
    }

    @Test func `lists every code once with its exit status, and no others`() {
        let written = page.items(under: "ERRORS").map(\.term)
        #expect(written.sorted() == RefusalCode.allCases.map { "`\($0.rawValue)` (\($0.exitStatus))" }.sorted())
    }
}
