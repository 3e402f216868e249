internal import CSystemd
internal import Glibc

/// Names one run of the kernel: what counts from the boot means nothing in another one.
package struct BootID: Hashable, Sendable {
    package static let length = 16

    package let bytes: [UInt8]

    /// Of the machine's present run. systemd tells it (`Environment=BOOT_ID=%b`), for the kernel's own word in /proc/sys may be hidden; `nil`
    /// where neither does.
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
