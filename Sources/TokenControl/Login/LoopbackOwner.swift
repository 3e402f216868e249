internal import CShims
internal import Glibc
internal import TokenWire

/// Whose process is at the other end of a connection to the loopback address, as the kernel says.
enum LoopbackOwner: Hashable {
    /// The user who runs this program.
    case ours
    case other(UInt32)
    /// No process holds the other end any more.
    case gone
    /// Neither NETLINK_SOCK_DIAG nor /proc/net/tcp can be read here.
    case unknown

    /// Looks right after accept(2): what is sent belongs to whoever connected.
    init(of descriptor: Int32) {
        var uid: UInt32 = 0
        switch tokend_loopback_owner(descriptor, TOKEND_OWNER_ANY, &uid) {
        case 0: self = uid == geteuid() ? .ours : .other(uid)
        case -ENOENT: self = .gone
        default: self = .unknown
        }
    }
}

/// A user as a sentence names them.
enum UserPhrase {
    /// `alice (uid 1000)`, or `uid 1000`. Only /etc/passwd is looked into.
    static func of(_ uid: UInt32) -> String {
        LocalUser.name(of: uid).map { "\(Quotation.plain($0)) (uid \(uid))" } ?? "uid \(uid)"
    }

    /// The same, with a hint where sudo says that this user called it. What sudo says is in the environment, so it decides nothing.
    static func withHint(_ uid: UInt32) -> String {
        guard let text = getenv("SUDO_UID"), String(cString: text) == String(uid) else { return of(uid) }
        return "\(of(uid)), who ran sudo"
    }
}
