/// Whose a file is to be: `erp`, `erp:www-data` or `:www-data`, by names of this machine's own files or by numbers.
struct FileOwner {
    /// `nil` leaves it as it is.
    let uid: UInt32?
    let gid: UInt32?

    init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard !text.isEmpty, parts.last != "" else { return nil }
        let user = LocalUser(parts[0])
        uid = UInt32(parts[0]) ?? user?.uid
        gid = parts.count == 2 ? UInt32(parts[1]) ?? LocalUser.gid(ofGroup: parts[1]) : user?.gid
        guard parts[0].isEmpty || uid != nil, parts.count == 1 || gid != nil else { return nil }
    }
}
