import OpenSSL
import Secrets
import Systemd
import Testing
import TokenLedger
@testable import TokenStore

@Suite struct SealedMemoryTests {
    private let sealer: StoreSealer
    private let memory: FDStoreMemory

    init() throws {
        sealer = StoreSealer(keys: SealingKeys(present: try SealingKey(StoreHouse.key)), machine: nil, admitted: .any)
        memory = try StoreHouse.memory()
    }

    private func open() throws -> SealedMemory { try SealedMemory(memory, sealer: sealer) }

    private func content(_ memory: SealedMemory) -> [String: Secret] {
        Dictionary(uniqueKeysWithValues: memory.all().map { ($0.name, $0.content) })
    }

    @Test func `what was put there is there for the next process, the last of each name`() throws {
        let first = try open()
        for round in 1...3 {
            for name in ["a", "b", "c"] { try first.put(name, Secret("\(name)-\(round)")) }
        }
        first.remove("b")
        let second = try open()
        #expect(content(second) == ["a": Secret("a-3"), "c": Secret("c-3")])
        let size = memory.size
        try second.put("d", Secret(String(repeating: "d", count: StoredRecord.longest)))
        try second.put("a", Secret(""))
        // what was freed is used again
        #expect(memory.size == size)
        #expect(content(try open()) == ["a": Secret(""), "c": Secret("c-3"), "d": Secret(String(repeating: "d", count: StoredRecord.longest))])
    }

    @Test func `an entry that was half written leaves the one before`() throws {
        let first = try open()
        try first.put("a", Secret("one"))
        try first.put("a", Secret("two"))
        // the second slot
        try [UInt8(0xff)].withUnsafeBytes { try memory.write($0, at: 4096 + SealedMemory.slot + 80) }
        let second = try open()
        #expect(content(second) == ["a": Secret("one")])
        try second.put("a", Secret("three"))
        #expect(content(try open()) == ["a": Secret("three")])
    }

    @Test func `memory of another version is given up, not read`() throws {
        try open().put("a", Secret("one"))
        try [UInt8(2)].withUnsafeBytes { try memory.write($0, at: 11) }
        #expect(try open().all().isEmpty)
    }

    @Test func `memory that somebody has made longer than any use is used`() throws {
        try open().put("a", Secret("one"))
        // the size is set before there turns out to be no room to map so much
        _ = try? memory.map(Int.max - 4095)
        let second = try open()
        #expect(content(second) == ["a": Secret("one")])
        try second.put("b", Secret("two"))
        #expect(content(try open()) == ["a": Secret("one"), "b": Secret("two")])
    }

    @Test(arguments: [UInt64(Int64.max) - 1, UInt64(Int64.max) + 1, .max]) func `an entry after which none could be counted is not used`(
        _ sequence: UInt64
    ) throws {
        let plain = SecretBuffer()
        withUnsafeBytes(of: sequence.bigEndian) { plain.append($0) }
        plain.append(text: "one")
        try memory.write(try sealer.seal(plain.secret(), .memory, of: "a"), at: 4096)
        let first = try open()
        #expect(content(first).isEmpty == (sequence > UInt64(Int64.max)))
        try first.put("a", Secret("two"))
        #expect(content(try open()) == ["a": Secret("two")])
    }

    @Test func `what another key sealed is left alone`() throws {
        try open().put("a", Secret("one"))
        let other = StoreSealer(keys: SealingKeys(present: try SealingKey()), machine: nil, admitted: .any)
        let stranger = try SealedMemory(memory, sealer: other)
        #expect(stranger.all().isEmpty)
        try stranger.put("a", Secret("two"))
        #expect(content(try open()) == ["a": Secret("one")])
    }

    @Test func `an entry moved to another name does not open`() throws {
        let first = try open()
        try first.put("a", Secret("one"))
        try [UInt8(ascii: "b")].withUnsafeBytes { try memory.write($0, at: 4096 + 9) }
        #expect(try open().all().isEmpty)
    }

    @Test func `SEC-02 nothing in it is legible`() throws {
        try open().put("record:portal.user", Secret("the-refresh-token"))
        var bytes = [UInt8](repeating: 0, count: memory.size)
        _ = bytes.withUnsafeMutableBytes { memory.read(into: $0, at: 0) }
        #expect(!String(decoding: bytes, as: UTF8.self).contains("refresh"))
    }

    @Test func `what is too long is refused`() throws {
        let memory = try open()
        #expect(throws: StoreFault.self) { try memory.put("a", Secret(String(repeating: "x", count: StoredRecord.longest + 1))) }
        for name in ["", String(repeating: "n", count: 97)] { #expect(throws: StoreFault.self) { try memory.put(name, Secret("x")) } }
    }
}
