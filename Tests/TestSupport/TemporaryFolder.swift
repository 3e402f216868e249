internal import FoundationEssentials
package import Glibc

/// A temporary folder for one test. It is removed with its content when the last reference is released.
package final class TemporaryFolder: Sendable {
    /// Absolute and short: the path of a socket may have 107 bytes.
    package let path: String

    package init() throws {
        var template = Array("/tmp/tokend-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw TestFailure("cannot create a temporary folder: errno \(errno)") }
        path = String(cString: made)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file in the folder, which may not exist.
    package func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Makes a folder in it, which is not there yet.
    package func makeFolder(_ name: String, mode: mode_t = 0o755) throws {
        guard mkdir(path(name), mode) == 0 else { throw TestFailure("cannot create \(path(name)): errno \(errno)") }
    }

    /// Writes a file in it anew. Returns its path.
    @discardableResult
    package func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws -> String {
        let path = path(name)
        guard let file = fopen(path, "w") else { throw TestFailure("cannot write \(path): errno \(errno)") }
        fwrite(text, 1, text.utf8.count, file)
        fclose(file)
        guard chmod(path, mode) == 0 else { throw TestFailure("cannot change the mode of \(path): errno \(errno)") }
        return path
    }
}

/// The reason why a test could not run.
package struct TestFailure: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
