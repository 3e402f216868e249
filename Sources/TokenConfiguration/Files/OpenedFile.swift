internal import Glibc
package import Secrets
internal import Systemd
internal import TokenLedger

/// A regular file, opened for reading. What is asked about it is asked of the descriptor, so that it cannot be swapped in between.
package final class OpenedFile {
    let path: String
    private let descriptor: Int32
    private let facts: stat

    static let longestText = 4 << 20
    static let longestSecret = 64 << 10

    /// Never waits, not even for the writer of a pipe.
    package init(_ path: String, followsLinks: Bool) throws(Complaint) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (followsLinks ? 0 : O_NOFOLLOW))
        guard descriptor >= 0 else { throw Self.refusal(path, errno, followsLinks) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw Complaint("\(quoted(path)) is not a regular file")
        }
        self.path = path
        self.descriptor = descriptor
        self.facts = facts
    }

    deinit { close(descriptor) }

    private static func refusal(_ path: String, _ error: Int32, _ followsLinks: Bool) -> Complaint {
        switch error {
        case ELOOP where !followsLinks: Complaint("\(quoted(path)) is a symbolic link; name the file itself")
        case ENOENT: Complaint("\(quoted(path)) does not exist")
        default: Complaint("\(quoted(path)) cannot be read: \(SystemError.text(error))")
        }
    }

    var owner: UInt32 { facts.st_uid }
    package var mode: UInt32 { facts.st_mode & 0o7777 }
    package var shown: String { quoted(path) }
    package var shownMode: String { octal(mode) }

    package func mustBelong(to owner: UInt32) throws(Complaint) {
        guard self.owner == 0 || self.owner == owner else {
            throw Complaint("\(shown) belongs to uid \(self.owner); it must belong to root or the daemon (uid \(owner)): chown it")
        }
    }

    /// For what may be read by everyone but decides something.
    func mustNotBeWritableByOthers() throws(Complaint) {
        guard mode & 0o022 == 0 else { throw Complaint("\(shown) has mode \(shownMode), so others can write it; chmod go-w it") }
    }

    /// The whole file, which must be UTF-8.
    func text() throws(Complaint) -> String {
        guard facts.st_size <= Self.longestText else { throw Complaint("\(shown) is larger than \(Self.longestText >> 20) MiB") }
        var fault: Int32 = 0
        // one byte more than it had when it was opened: a file that has grown since is read anew another time
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(facts.st_size) + 1) { room, count in
            (count, fault) = fill(UnsafeMutableRawBufferPointer(room))
        }
        guard bytes.count <= Int(facts.st_size) else { throw Complaint("\(shown) was being written; read it again") }
        guard fault == 0 else { throw Complaint("\(shown) cannot be read: \(SystemError.text(fault))") }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Complaint("\(shown) is not UTF-8 text") }
        return text
    }

    /// The whole file but for one line feed at its end. The bytes go from the kernel into the secret and nowhere else.
    func secret() throws(Complaint) -> Secret {
        var fault: Int32 = 0
        var length = 0
        let secret = Secret(capacity: Self.longestSecret + 1) { room in
            (length, fault) = fill(room)
            return length > 0 && room[length - 1] == UInt8(ascii: "\n") ? length - 1 : length
        }
        guard fault == 0 else { throw Complaint("\(shown) cannot be read: \(SystemError.text(fault))") }
        guard length <= Self.longestSecret else { throw Complaint("\(shown) is larger than \(Self.longestSecret >> 10) KiB") }
        guard !secret.isEmpty else { throw Complaint("\(shown) is empty") }
        guard secret.withBytes({ $0.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }) else {
            throw Complaint("\(shown) holds a control character, such as a second line; it must hold the secret alone")
        }
        return secret
    }

    /// The whole file as it is, which has at most so many bytes. They go from the kernel into the secret and nowhere else.
    package func content(atMost most: Int) throws(Complaint) -> Secret {
        var fault: Int32 = 0
        let content = Secret(capacity: most + 1) { room in
            let (count, error) = fill(room)
            fault = error
            return count
        }
        guard fault == 0 else { throw Complaint("\(shown) cannot be read: \(SystemError.text(fault))") }
        guard content.count <= most else { throw Complaint("\(shown) is larger than \(most) bytes") }
        return content
    }

    /// Reads until the end of the file or of the room.
    private func fill(_ room: UnsafeMutableRawBufferPointer) -> (count: Int, fault: Int32) {
        var count = 0
        while count < room.count {
            let part = read(descriptor, room.baseAddress.map { $0 + count }, room.count - count)
            if part < 0, errno == EINTR { continue }
            if part < 0 { return (count, errno) }
            if part == 0 { break }
            count += part
        }
        return (count, 0)
    }
}

/// `0644`
package func octal(_ mode: UInt32) -> String { "0" + String(mode, radix: 8) }
