internal import CShims
internal import Glibc

/// A call to the system that failed: what was attempted, and the kernel's reason.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was attempted and on what, "cannot listen at '/run/tokend/tokend.sock'".
    package let what: String
    /// The error number, positive (errno(3)).
    package let errno: Int32

    package init(_ what: String, errno: Int32) {
        self.what = what
        self.errno = errno
    }

    /// "cannot listen at '/run/x': permission denied".
    package var description: String { "\(what): \(SystemError.text(errno))" }

    /// The kernel's sentence for an error number, its first word in lower case unless it is an abbreviation ("RPC …").
    package static func text(_ errno: Int32) -> String {
        let text = String(cString: tokend_error_text(errno))
        guard text.dropFirst().first?.isLowercase == true else { return text }
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    /// Whether it says that there was no descriptor or no memory left, which may pass.
    static func isShortage(_ errno: Int32) -> Bool { [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(errno) }

    /// Turns the `-errno` convention of C into a value or an error.
    @inline(__always)
    static func check<Number: SignedInteger>(
        _ result: Number, _ what: @autoclosure () -> String
    ) throws(SystemError) -> Number {
        guard result < 0 else { return result }
        throw SystemError(what(), errno: Int32(-result))
    }
}
