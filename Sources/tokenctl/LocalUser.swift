internal import Glibc

/// The users of /etc/passwd. Only that file is read: a statically linked program cannot ask the name services, and the account of a
/// system service is made there by systemd-sysusers.
enum LocalUser {
    static func uid(of name: String) -> UInt32? {
        guard let file = fopen("/etc/passwd", "re") else { return nil }
        defer { fclose(file) }
        while let entry = fgetpwent(file) {
            if strcmp(entry.pointee.pw_name, name) == 0 { return entry.pointee.pw_uid }
        }
        return nil
    }
}
