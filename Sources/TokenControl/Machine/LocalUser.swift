internal import Glibc

/// A user of /etc/passwd. Only that file and /etc/group are read: a statically linked program cannot ask the name services, and the account of
/// a system service is made there by systemd-sysusers.
struct LocalUser {
    let uid: UInt32
    /// The user's own group.
    let gid: UInt32

    init?(_ name: String) {
        guard let file = fopen("/etc/passwd", "re") else { return nil }
        defer { fclose(file) }
        while let entry = fgetpwent(file) {
            guard strcmp(entry.pointee.pw_name, name) == 0 else { continue }
            (uid, gid) = (entry.pointee.pw_uid, entry.pointee.pw_gid)
            return
        }
        return nil
    }

    static func uid(of name: String) -> UInt32? { LocalUser(name)?.uid }

    static func name(of uid: UInt32) -> String? {
        guard let file = fopen("/etc/passwd", "re") else { return nil }
        defer { fclose(file) }
        while let entry = fgetpwent(file) {
            if entry.pointee.pw_uid == uid, let name = entry.pointee.pw_name { return String(cString: name) }
        }
        return nil
    }

    static func gid(ofGroup name: String) -> UInt32? {
        guard let file = fopen("/etc/group", "re") else { return nil }
        defer { fclose(file) }
        while let entry = fgetgrent(file) {
            if strcmp(entry.pointee.gr_name, name) == 0 { return entry.pointee.gr_gid }
        }
        return nil
    }
}
