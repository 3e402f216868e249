internal import Glibc

/// A failed operation on a file or a command.
struct SystemError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// With the text of the current `errno`.
    init(_ attempt: String, errno number: Int32) {
        description = "\(attempt): \(String(cString: strerror(number)))"
    }
}

func makeFolder(_ path: String, mode: mode_t = 0o755) throws {
    guard mkdir(path, mode) == 0 || errno == EEXIST else { throw SystemError("cannot make \"\(path)\"", errno: errno) }
}

func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// The content of a file; `nil` if it does not exist.
func readFile(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}

/// Writes a temporary file and renames it, so that a reader sees the old or the new content.
func writeFile(_ path: String, _ text: String, mode: mode_t = 0o644) throws {
    let beside = path + ".new"
    let descriptor = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw SystemError("cannot write \"\(path)\"", errno: errno) }
    let bytes = Array(text.utf8)
    let written = write(descriptor, bytes, bytes.count)
    guard close(descriptor) == 0, written == bytes.count, rename(beside, path) == 0 else {
        throw SystemError("cannot write \"\(path)\"", errno: errno)
    }
}
