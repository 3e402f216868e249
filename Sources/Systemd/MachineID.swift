internal import CSystemd

/// Names this machine to this program alone: derived from /etc/machine-id, which itself is not told (machine-id(5)).
package struct MachineID: Hashable, Sendable, CustomStringConvertible {
    package static let length = 16

    /// Not all zero: that is a machine without an id.
    package let bytes: [UInt8]

    /// `nil` where the machine has none, as in some containers.
    package init?() {
        var application = sd_id128_t()
        // made once by "systemd-id128 new"
        application.bytes = (0xcc, 0x09, 0x04, 0xfe, 0x48, 0x5f, 0x48, 0x82, 0x9c, 0x48, 0x47, 0x08, 0xf3, 0xe5, 0xca, 0x22)
        var id = sd_id128_t()
        guard sd_id128_get_machine_app_specific(application, &id) >= 0 else { return nil }
        self.init(withUnsafeBytes(of: &id) { Array($0) })
    }

    /// `nil` for another number of bytes, and for zeros.
    package init?(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.count == Self.length, bytes.contains(where: { $0 != 0 }) else { return nil }
        self.bytes = bytes
    }

    /// From 32 hex digits, as `description` writes them.
    package init?(_ text: some StringProtocol) {
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == 2 * Self.length, text.utf8.count == digits.count else { return nil }
        self.init(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
    }

    package var description: String { bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
