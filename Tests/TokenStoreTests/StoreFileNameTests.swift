import Secrets
import Testing
import TokenLedger
import TokenWire
@testable import TokenStore

@Suite struct StoreFileNameTests {
    static let name = TokenName("portal.user")!

    static let key = RevocationKey(name: name, id: Fingerprint(bits: 0xa1))

    static let table: [(String, StoreFileName)] = [
        ("portal.user", .record(name)), ("portal.user.next", .next(name)), (".portal.user.1f", .fresh(name)),
        ("portal.user.locked-1790000000", .aside(name)), ("portal.user.next.locked-1790000000", .aside(name)),
        ("portal.user.locked-1790000000+", .aside(name)), ("x.next", .record(TokenName("x.next")!)), ("lock", .stranger), ("", .stranger),
        (".", .stranger), ("..", .stranger), (".portal.user", .stranger), ("portal.user.old", .stranger), ("portal.user.next.old", .stranger),
        ("Portal.user", .stranger), (".portal.user.1f.2", .stranger), ("portal..user", .stranger),
        ("portal.user.revoke-00000000000000a1", .revocation(key)), ("portal.user.revoke-a1", .stranger),
        ("portal.user.revoke-00000000000000A1", .stranger), ("portal.user.revoke-", .stranger), (".portal.user.revoke-00000000000000a1", .fresh(name)),
    ]

    @Test(arguments: table)
    func `a file of the store is told by its name`(_ text: String, _ kind: StoreFileName) { #expect(StoreFileName(text) == kind) }

    @Test func `the names that are given are understood`() {
        #expect(StoreFileName(Self.name.recordFile) == .record(Self.name))
        #expect(StoreFileName(Self.name.nextFile) == .next(Self.name))
        #expect(StoreFileName(Self.name.freshFile(.max)) == .fresh(Self.name))
        #expect(StoreFileName(Self.key.file) == .revocation(Self.key))
    }
}
