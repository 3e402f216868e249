internal import CSystemd
internal import Glibc

/// The id of the current boot. CLOCK_BOOTTIME values are comparable within one boot only.
package struct BootID: Hashable, Sendable {
    package static let length = 16

    package let bytes: [UInt8]

    /// The id of this boot. The unit passes it (`Environment=BOOT_ID=%b`), because the sandbox may hide /proc/sys. `nil` if neither source has it.
    package init?() {
        var id = sd_id128_t()
        guard getenv("BOOT_ID").map({ sd_id128_from_string($0, &id) >= 0 }) ?? (sd_id128_get_boot(&id) >= 0) else { return nil }
        bytes = withUnsafeBytes(of: &id) { Array($0) }
    }

    package init?(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
        guard self.bytes.count == Self.length else { return nil }
    }
}
