internal import Glibc
internal import Secrets

extension Secret {
    /// What a file holds, and one byte more than `most` if it is longer. The bytes go from the kernel into the secret and nowhere else.
    ///
    /// - Returns: the error number where it cannot be read.
    static func content(of path: String, atMost most: Int) -> Result<Secret, SystemCallError> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { return .failure(SystemCallError(number: errno)) }
        defer { close(descriptor) }
        return content(of: descriptor, atMost: most)
    }

    /// The same of an open file.
    static func content(of descriptor: Int32, atMost most: Int) -> Result<Secret, SystemCallError> {
        var fault: Int32 = 0
        let content = Secret(capacity: most + 1) { room in
            var count = 0
            while count < room.count {
                let part = read(descriptor, room.baseAddress.map { $0 + count }, room.count - count)
                if part < 0, errno == EINTR { continue }
                if part < 0 { fault = errno }
                guard part > 0 else { break }
                count += part
            }
            return count
        }
        return fault == 0 ? .success(content) : .failure(SystemCallError(number: fault))
    }
}

/// errno(3)
struct SystemCallError: Error {
    let number: Int32
    var text: String { String(cString: strerror(number)) }
}
