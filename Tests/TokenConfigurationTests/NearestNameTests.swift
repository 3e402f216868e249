import Testing
@testable import TokenConfiguration

struct NearestNameTests {
    private let known = ["scopes", "shared", "allow", "grant", "keep", "min_valid", "id"]

    @Test(
        arguments: [
            ("scopez", "scopes"), ("scope", "scopes"), ("socpes", "scopes"), ("alow", "allow"), ("gratn", "grant"), ("min-valid", "min_valid"),
            ("minvalid", "min_valid"), ("ID", nil),
            ("kepe", "keep"), ("frobnicate", nil), ("", nil), ("ids", "id"), ("user", nil),
        ] as [(String, String?)])
    func `the key that was meant is named and no other`(written: String, meant: String?) {
        #expect(nearest(to: written, among: known) == meant)
    }

    @Test func `a key of any length costs nothing`() {
        #expect(nearest(to: String(repeating: "x", count: 100_000), among: known) == nil)
    }
}
