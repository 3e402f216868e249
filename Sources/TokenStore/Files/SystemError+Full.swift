internal import Glibc
internal import Systemd

extension SystemError {
    /// No room is left on the disk, or none that this user may have.
    var isFull: Bool { errno == ENOSPC || errno == EDQUOT }
}
