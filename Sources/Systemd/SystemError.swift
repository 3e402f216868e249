internal import CShims
internal import Glibc

/// A failed system call: the operation and the errno.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The operation and its object, such as "cannot listen at '/run/tokend/tokend.sock'".
    package let what: String
    /// The errno(3), positive.
    package let errno: Int32

    package init(_ what: String, errno: Int32) {
        self.what = what
        self.errno = errno
    }

    /// Such as "cannot listen at '/run/x': permission denied".
    package var description: String { "\(what): \(SystemError.text(errno))" }

    /// The text of an errno, with a lower-case first letter unless the first word is an abbreviation ("RPC …").
    package static func text(_ errno: Int32) -> String {
        let text = String(cString: tokend_error_text(errno))
        guard text.dropFirst().first?.isLowercase == true else { return text }
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    /// Whether the errno means that descriptors or memory are exhausted, which may pass.
    static func isShortage(_ errno: Int32) -> Bool { [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(errno) }

    /// Converts a C result (`-errno` on failure) into a value or an error.
    @inline(__always)
    static func check<Number: SignedInteger>(
        _ result: Number, _ what: @autoclosure () -> String
    ) throws(SystemError) -> Number {
        guard result < 0 else { return result }
        throw SystemError(what(), errno: Int32(-result))
    }
}
