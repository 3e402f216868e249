internal import Glibc

// These functions call NSS, which may use the network: never call them on the running loop.

/// The uid of a user (getpwnam_r(3)). `nil` if the user does not exist or NSS does not answer.
package func userID(_ name: String) -> UInt32? {
    withRoom(from: 1024) { room, size, needsMore in
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        needsMore = getpwnam_r(name, &entry, room, size, &found) == ERANGE
        return found?.pointee.pw_uid
    }
}

/// The gid of a group (getgrnam_r(3)). `nil` as above.
package func groupID(_ name: String) -> UInt32? {
    withRoom(from: 1024) { room, size, needsMore in
        var entry = group()
        var found: UnsafeMutablePointer<group>?
        needsMore = getgrnam_r(name, &entry, room, size, &found) == ERANGE
        return found?.pointee.gr_gid
    }
}

/// Retries with a larger buffer, up to 4 MiB: a group may have very many members.
private func withRoom(from start: Int, _ ask: (UnsafeMutablePointer<CChar>, Int, inout Bool) -> UInt32?) -> UInt32? {
    var size = start
    while size <= 4 << 20 {
        var needsMore = false
        let room = UnsafeMutablePointer<CChar>.allocate(capacity: size)
        defer { room.deallocate() }
        if let id = ask(room, size, &needsMore) { return id }
        if !needsMore { return nil }
        size *= 4
    }
    return nil
}
