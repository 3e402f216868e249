internal import FoundationEssentials
internal import Glibc

/// A folder of its own for one test, removed with everything in it when the last reference goes.
package final class TemporaryFolder: Sendable {
    /// Absolute and short: a socket's path may have 107 bytes.
    package let path: String

    package init() throws {
        var template = Array("/tmp/tokend-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw TestFailure("cannot create a temporary folder: errno \(errno)") }
        path = String(cString: made)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of something in it, which need not exist.
    package func path(_ name: String) -> String { "\(path)/\(name)" }
}

/// Why a test could not be carried out.
package struct TestFailure: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
