internal import CShims
internal import Glibc
package import Systemd

/// The daemon's own folder, held by one daemon at a time.
package final class StateFolder {
    private let lock: Int32

    /// Makes the folder (0700) if it is missing and takes its lock. A second daemon on the same folder is refused.
    package init(_ path: String) throws(SystemError) {
        try requireTrustedFolder(of: path, "cannot make the state folder '\(path)'")
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw SystemError("cannot make the state folder '\(path)'", errno: errno) }
        var facts = stat()
        guard lstat(path, &facts) == 0 else { throw SystemError("cannot look at the state folder '\(path)'", errno: errno) }
        guard facts.st_mode & S_IFMT == S_IFDIR, facts.st_uid == geteuid(), facts.st_mode & 0o077 == 0 else {
            throw SystemError("the state folder '\(path)' must be a folder of uid \(geteuid()) with mode 0700", errno: EPERM)
        }
        let file = path + "/lock"
        lock = Glibc.open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw SystemError("cannot open '\(file)'", errno: errno) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw SystemError("another tokend uses the state folder '\(path)'", errno: errno)
        }
    }

    deinit { close(lock) }
}
