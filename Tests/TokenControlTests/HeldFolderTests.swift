import FoundationEssentials
import Glibc
import Secrets
import TestSupport
import Testing
@testable import TokenControl

/// Files in a folder that others may write to as well.
@Suite struct HeldFolderTests {
    private let temporary: TemporaryFolder
    private let folder: HeldFolder

    init() throws {
        temporary = try TemporaryFolder()
        folder = try HeldFolder(temporary.path)
    }

    @Test func `a file is read, and a link in its place is not`() throws {
        try folder.put(Secret("one"), as: "token", mode: 0o600)
        #expect(folder.content("token", atMost: 10) == Secret("one"))
        try #require(symlink("token", temporary.path("link")) == 0)
        #expect(folder.content("link", atMost: 10) == nil)
    }

    @Test func `a file takes the place of a link and what an earlier try left, and of neither does anybody get the bytes`() throws {
        try folder.put(Secret("theirs"), as: "theirs", mode: 0o600)
        for name in ["token", ".token.new"] { try #require(symlink("theirs", temporary.path(name)) == 0) }
        try folder.put(Secret("ours"), as: "token", mode: 0o640)
        #expect(folder.content("token", atMost: 10) == Secret("ours") && folder.content("theirs", atMost: 10) == Secret("theirs"))
        let facts = try #require(folder.facts("token"))
        #expect(facts.st_mode == S_IFREG | 0o640 && folder.facts(".token.new") == nil)
    }

    @Test func `what cannot be removed from the place of the new file is evaded`() throws {
        try #require(mkdir(temporary.path(".token.new"), 0o700) == 0)
        try folder.put(Secret("ours"), as: "token", mode: 0o600)
        #expect(folder.content("token", atMost: 10) == Secret("ours"))
        let names = try FileManager.default.contentsOfDirectory(atPath: temporary.path).sorted()
        #expect(names == [".token.new", "token"])
    }
}
