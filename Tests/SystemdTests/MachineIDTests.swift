import Systemd
import Testing

@Suite struct MachineIDTests {
    @Test func `an id comes back from its text`() throws {
        let id = try #require(MachineID(0..<16))
        #expect(id.description == "000102030405060708090a0b0c0d0e0f")
        #expect(MachineID(id.description) == id)
    }

    @Test func `what is no id is none`() {
        #expect(MachineID(Array(repeating: 0, count: 16)) == nil)
        #expect(MachineID(0..<15) == nil)
        for text in ["", "00", "000102030405060708090a0b0c0d0e0", "g00102030405060708090a0b0c0d0e0f"] { #expect(MachineID(text) == nil) }
    }

    @Test func `this machine is always the same, and its own id is not told`() throws {
        guard let id = MachineID() else { return }
        #expect(MachineID() == id)
    }
}
