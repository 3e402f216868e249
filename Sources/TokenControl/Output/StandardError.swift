internal import CShims
internal import Glibc
internal import TokenWire

/// What people read.
enum StandardError {
    /// Text that may hold words of the daemon, of a server or of an argument: see `Printable`.
    static func write(_ text: String) {
        var text = Printable.lines(text)
        _ = text.withUTF8 { bytes in bytes.baseAddress.map { tokend_write_all(STDERR_FILENO, $0, bytes.count) } }
    }
}

/// Everything that is printed passes here last, so that nothing a terminal would obey or a reader could not see gets through, whoever wrote it.
///
/// Where a line end would be read as the end of a sentence or a row, the text it stands in goes through `Quotation.plain` before.
enum Printable {
    /// The text with its line ends; every other control character is written `%XX`.
    static func lines(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { Quotation.plain(String($0)) }.joined(separator: "\n")
    }
}
