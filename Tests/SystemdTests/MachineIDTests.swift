import Systemd
import Testing

@Suite struct MachineIDTests {
    @Test func `an id is parsed from its description`() throws {
        let id = try #require(MachineID(0..<16))
        #expect(id.description == "000102030405060708090a0b0c0d0e0f")
        #expect(MachineID(id.description) == id)
    }

    @Test func `an invalid id is rejected`() {
        #expect(MachineID(Array(repeating: 0, count: 16)) == nil)
        #expect(MachineID(0..<15) == nil)
        for text in ["", "00", "000102030405060708090a0b0c0d0e0", "g00102030405060708090a0b0c0d0e0f"] { #expect(MachineID(text) == nil) }
    }

    @Test func `the id of this machine is constant, and does not reveal its machine-id`() throws {
        guard let id = MachineID() else { return }
        #expect(MachineID() == id)
    }
}
