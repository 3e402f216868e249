import OpenSSL
import Secrets
import Systemd
import Testing
@testable import TokenLedger
import TokenWire
@testable import TokenStore

@Suite struct TokenMemoryTests {
    private static let boot = BootID(0..<16)
    private let sealer: StoreSealer
    private let memory: FDStoreMemory

    init() throws {
        sealer = StoreSealer(keys: SealingKeys(present: try SealingKey(StoreHouse.key)), machine: nil, admitted: .any)
        memory = try FDStoreMemory("test")
        // as a daemon before left it
        try memory.write(Array("tokendat".utf8) + [0, 0, 0, 1] + Array(0..<16), at: 0)
    }

    private func open(boot: BootID? = boot) throws -> TokenMemory { try TokenMemory(memory, sealer: sealer, boot: boot) }

    private static func key(_ number: Int) -> CacheKey {
        CacheKey(token: StoreHouse.name, consumer: .uid(UInt32(number)), scopes: ["read"], audience: nil)
    }

    private static func token(_ number: Int, _ text: String = "an-access-token") -> KeptToken {
        let held = HeldToken(
            token: Secret(text), id: Fingerprint(bits: UInt64(number)), scopes: ["read"], header: .authorization, since: 1, until: 2, ends: 3,
            expires: .at(4), isAssumed: false, isReference: false)
        return KeptToken(key: key(number), held: held, terms: Fingerprint(bits: 0), grant: 0, isAsked: true, lastAsked: 0)
    }

    /// What the next process finds, "NUMBER TOKEN".
    private func found() throws -> Set<String> {
        Set(try open().take().map { item in item.held.token.withBytes { "\(item.held.id.bits) " + String(decoding: $0, as: UTF8.self) } })
    }

    /// Where in the memory something stands.
    private func places(of text: String) -> [Int] {
        let (all, wanted) = (memory.bytes(memory.size, at: 0), Array(text.utf8))
        return all.indices.dropLast(wanted.count - 1).filter { all[$0] == wanted[0] && all[$0..<$0 + wanted.count].elementsEqual(wanted) }
    }

    @Test func `what was put there is there for the next process, the last of each key`() throws {
        let first = try open()
        for round in 1...3 {
            for number in 1...3 { try first.put(Self.token(number, "token-\(number)-\(round)")) }
        }
        first.remove(Self.key(2))
        #expect(try found() == ["1 token-1-3", "3 token-3-3"])
        // and again: reading changes nothing
        let second = try open()
        try second.put(Self.token(2, "token-2-4"))
        #expect(try found() == ["1 token-1-3", "2 token-2-4", "3 token-3-3"])
    }

    @Test func `memory of any size, with any lengths in it, is read`() throws {
        try open().put(Self.token(1))
        for length in [UInt32.max, 1 << 31, 48 << 10, 4] {
            try memory.write(withUnsafeBytes(of: length.bigEndian) { Array($0) }, at: TokenMemory.page + (TokenMemory.units - 1) * TokenMemory.unit)
            // the size is set before there turns out to be no room to map so much
            _ = try? memory.map(Int.max - 4095)
            #expect(try found() == ["1 an-access-token"])
        }
    }

    @Test(arguments: [UInt64(Int64.max) + 1, .max]) func `a token after which none could be counted is not used`(_ sequence: UInt64) throws {
        let plain = SecretBuffer()
        withUnsafeBytes(of: sequence.bigEndian) { plain.append($0) }
        plain.append(try Self.token(1).bytes())
        let sealed = try sealer.seal(plain.secret(), .token, of: StoreHouse.name.description)
        try memory.write(withUnsafeBytes(of: UInt32(sealed.count).bigEndian) { Array($0) } + sealed, at: TokenMemory.page)
        let next = try open()
        #expect(next.take().isEmpty)
        try next.put(Self.token(2))
        #expect(try found() == ["2 an-access-token"])
    }

    @Test func `after a change of the key what was sealed with the old one is sealed anew, so that the old one may go`() throws {
        try open().put(Self.token(1, "one"))
        try open().put(Self.token(2, "two"))
        let (old, new) = (try SealingKey(StoreHouse.key), try SealingKey(Secret("a new key of thirty-two bytes...")))
        func found(_ keys: SealingKeys) throws -> Set<UInt64> {
            let sealer = StoreSealer(keys: keys, machine: nil, admitted: .any)
            return Set(try TokenMemory(memory, sealer: sealer, boot: Self.boot).take().map(\.held.id.bits))
        }
        // where nothing can be sealed, what is there stays
        #expect(try found(SealingKeys(present: nil, older: [old])) == [1, 2])
        #expect(try found(SealingKeys(present: new, older: [old])) == [1, 2])
        #expect(try found(SealingKeys(present: new)) == [1, 2])
        #expect(try self.found().isEmpty)
    }

    @Test func `what finds no room to be sealed anew stays under the old key`() throws {
        let first = try open()
        var number = 0
        while (try? first.put(Self.token(number, String(repeating: "t", count: 32 << 10)))) != nil { number += 1 }
        // one too many was tried; the others fill the memory
        let keys = SealingKeys(present: try SealingKey(Secret("a new key of thirty-two bytes...")), older: [try SealingKey(StoreHouse.key)])
        for _ in 1...2 {
            let sealer = StoreSealer(keys: keys, machine: nil, admitted: .any)
            #expect(try TokenMemory(memory, sealer: sealer, boot: Self.boot).take().count == number)
        }
    }

    @Test func `a token that was half written leaves the one before`() throws {
        try open().put(Self.token(1, "one"))
        let old = memory.bytes(256, at: 4096)
        try open().put(Self.token(1, "two"))
        let new = memory.bytes(256, at: 4096 + 256)
        // the process died before the old one was overwritten: both are there, and the newer counts
        try memory.write(old, at: 4096)
        #expect(try found() == ["1 two"])
        #expect(memory.bytes(256, at: 4096).allSatisfy { $0 == 0 })
        // or in the middle of the new one
        try memory.write(old, at: 4096)
        try memory.write(Array(new.dropLast(40)), at: 4096 + 256)
        try memory.write([UInt8](repeating: 0, count: 40), at: 4096 + 512 - 40)
        #expect(try found() == ["1 one"])
        #expect(memory.bytes(256, at: 4096 + 256).allSatisfy { $0 == 0 })
    }

    @Test func `memory of another version, another boot or nobody knows which is given up, not read`() throws {
        try open().put(Self.token(1))
        #expect(try open(boot: BootID(1..<17)).take().isEmpty)
        #expect(try open(boot: nil).take().isEmpty)
        try memory.write([2], at: 11)
        #expect(try open().take().isEmpty)
    }

    @Test func `what another key sealed is overwritten: nobody could use it`() throws {
        try open().put(Self.token(1))
        let other = StoreSealer(keys: SealingKeys(present: try SealingKey()), machine: nil, admitted: .any)
        #expect(try TokenMemory(memory, sealer: other, boot: Self.boot).take().isEmpty)
        #expect(memory.bytes(memory.size, at: 4096).allSatisfy { $0 == 0 })
    }

    @Test func `a token that was moved, or given another name, does not open`() throws {
        try open().put(Self.token(1))
        let name = try #require(places(of: "portal.user").first)
        try memory.write(Array("portal.usar".utf8), at: name)
        #expect(try found().isEmpty)
    }

    @Test func `SEC-02 nothing in it is legible, and what goes is overwritten`() throws {
        let first = try open()
        try first.put(Self.token(1, "the-access-token"))
        #expect(places(of: "access").isEmpty)
        first.remove(Self.key(1))
        #expect(memory.bytes(memory.size, at: 4096).allSatisfy { $0 == 0 })
    }

    @Test func `pages of which nothing is used go back`() throws {
        let first = try open()
        for number in 0..<100 { try first.put(Self.token(number)) }
        let full = memory.allocatedSize
        for number in 0..<100 where number != 50 { first.remove(Self.key(number)) }
        #expect(memory.allocatedSize <= 3 * 4096)
        #expect(full > memory.allocatedSize)
        #expect(try found() == ["50 an-access-token"])
    }

    @Test func `ten thousand tokens take less than half a kilobyte beside their own bytes`() throws {
        let first = try open()
        let text = String(repeating: "t", count: 1_000)
        for number in 0..<10_000 { try first.put(Self.token(number, text)) }
        #expect(memory.allocatedSize / 10_000 - text.utf8.count < 512)
        #expect(try open().take().count == 10_000)
    }

    @Test func `what finds no room is not kept, and what it replaces is not either`() throws {
        let first = try open()
        let text = String(repeating: "t", count: 32 << 10)
        var number = 0
        while (try? first.put(Self.token(number, text))) != nil { number += 1 }
        #expect((900...1_100).contains(number))
        #expect(throws: StoreFault.self) { try first.put(Self.token(0, text + "x")) }
        #expect(try open().take().count == number - 1)
        // there is room for one again
        try first.put(Self.token(0, text))
        #expect(try open().take().count == number)
    }

    @Test func `without anybody who keeps it nothing is written`() throws {
        let memory = try FDStoreMemory("test")
        let lone = try TokenMemory(nil, sealer: sealer, boot: Self.boot, fresh: memory) { _ in false }
        let before = memory.allocatedSize
        try lone.put(Self.token(1))
        #expect(memory.allocatedSize == before && memory.size <= TokenMemory.page)
        let kept = try TokenMemory(nil, sealer: sealer, boot: Self.boot, fresh: memory) { _ in true }
        try kept.put(Self.token(1))
        #expect(memory.allocatedSize > before)
    }
}
