import Glibc
import OpenSSL
import Secrets
import Testing
import TokenConfiguration
import TokenLedger
@testable import TokenStore

@Suite struct SealingKeysTests {
    private static let bytes = Array(UInt8(0xe0)...0xff)
    private static let raw = bytes.withUnsafeBytes { Secret(copying: $0) }

    @Test func `a key is 32 bytes, or those as hex or base64 in one line`() throws {
        let texts = [
            "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", "E0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF",
            "4OHi4+Tl5ufo6err7O3u7/Dx8vP09fb3+Pn6+/z9/v8=", "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8",
        ]
        for text in texts + texts.map({ $0 + "\n" }) { #expect(try SealingKeyText.key(Secret(text)) == Self.raw) }
        #expect(try SealingKeyText.key(Self.raw) == Self.raw)
    }

    @Test(arguments: [
        "", "\n", "short", "0123456789abcdef0123456789abcdef", "correct horse battery staple, and some more words",
        "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfe", "x0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
        "4OHi4+Tl5ufo6err7O3u7/Dx8vP09fb3+Pn6+/z9/v9", "4OHi4+Tl5ufo6err7O3u7/Dx8vP09fb3+Pn6+/z9/v8\n\n",
    ])
    func `anything else is refused with a way to make one`(_ text: String) {
        let complaint = #expect(throws: Complaint.self) { try SealingKeyText.key(Secret(text)) }
        #expect(complaint?.text.contains("\"openssl rand -base64 32\"") == true)
        #expect(text.count < 16 || complaint?.text.contains(text) == false)
    }

    private func keys(_ house: StoreHouse, configured: Secret? = nil, isEmpty: Bool = false) throws(Complaint) -> SealingKeys {
        try SealingKeys(
            configured: configured, sources: house.sources, file: SealingKeyFile(besideState: house.state + "/", owner: house.sources.owner),
            mayMakeKey: isEmpty)
    }

    @Test func `without any key one is made, only for an empty store, and that it protects less is said`() throws {
        let house = try StoreHouse()
        let none = try keys(house)
        #expect(none.present == nil)
        #expect(none.absence.contains("there are records but no key"))
        #expect(house.mode(house.state + "-key") == 0)
        let made = try keys(house, isEmpty: true)
        #expect(made.notes.count == 1 && made.notes[0].contains("made the key '\(house.state)-key/key'"))
        #expect(house.mode(house.state + "-key") == 0o700)
        #expect(house.mode(house.state + "-key/key") == 0o600)
        #expect(StoreHouse.content(house.state + "-key/key").count == 32)
        let again = try keys(house)
        #expect(again.present?.id == made.present?.id && again.notes.isEmpty)
    }

    @Test func `the configuration goes before the credential, and that before the file; what is not used for sealing still opens`() throws {
        let house = try StoreHouse()
        let made = try #require(try keys(house, isEmpty: true).present)
        try house.write(credential: "store-key", Secret("an-unguessable-key-of-32-bytes-1"))
        try house.write(credential: "secret_store-key.2024", Secret("an-unguessable-key-of-32-bytes-2"))
        let credential = try keys(house)
        #expect(try credential.present?.id == SealingKey(Secret("an-unguessable-key-of-32-bytes-1")).id)
        let older = try SealingKey(Secret("an-unguessable-key-of-32-bytes-2"))
        #expect(credential[made.id] != nil && credential[older.id] != nil)
        let configured = try keys(house, configured: Self.raw)
        #expect(try configured.present?.id == SealingKey(Self.raw).id)
        let second = try #require(credential.present)
        #expect(configured[made.id] != nil && configured[older.id] != nil && configured[second.id] != nil)
    }

    @Test func `a key to seal with that is none is refused; an old one is passed over and told`() throws {
        let house = try StoreHouse()
        try house.write(credential: "store-key", Secret("too short"))
        let complaint = #expect(throws: Complaint.self) { try keys(house, isEmpty: true) }
        #expect(complaint?.text.hasPrefix("the credential \"store-key\" holds no key") == true)
        try house.write(credential: "store-key", Self.raw)
        try house.write(credential: "store-key.old", Secret(String(repeating: "x", count: 100)))
        let notes = try keys(house).notes
        #expect(notes.count == 1 && notes[0].hasPrefix("an old key is passed over: "))
    }

    @Test func `a key file that others can read is refused`() throws {
        let house = try StoreHouse()
        _ = try keys(house, isEmpty: true)
        try #require(chmod(house.state + "-key/key", 0o640) == 0)
        let complaint = #expect(throws: Complaint.self) { try keys(house) }
        #expect(complaint?.text.contains("chmod 0600") == true)
    }

    @Test func `a key that cannot be made keeps nothing from starting but what needs the store`() throws {
        let house = try StoreHouse()
        try StoreHouse.write(house.state + "-key", [])
        let none = try keys(house, isEmpty: true)
        #expect(none.present == nil)
        #expect(
            none.absence == "cannot make a key for the store: cannot open the folder '\(house.state)-key': not a directory; give the credential \"store-key\"")
        #expect(none.notes == [none.absence])
    }

    @Test func `nothing is sealed without a key, and why is said`() throws {
        let house = try StoreHouse()
        var files = try house.files(keys: SealingKeys(present: nil, absence: "there is no key; give one"))
        let fault = #expect(throws: StoreFault.self) { try files.carryOut(.commit(StoreHouse.record(1))) }
        #expect(fault?.text == "there is no key; give one")
        #expect(try house.names().isEmpty)
    }
}
