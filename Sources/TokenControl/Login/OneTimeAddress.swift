/// A loopback address that sends a browser of the same user on to another address, which therefore stands in no argument list: every local user can
/// read those (proc(5), /proc/PID/cmdline).
///
/// Who learns it gains nothing: the listener tells the other address to a process of its own user alone. A browser may ask again, as a reload
/// does, as long as the listener is there.
struct OneTimeAddress {
    /// `/go/` and 128 random bits: no page that the browser shows can guess it.
    let path: String
    private let target: String

    /// `target` is printable ASCII.
    init(leadingTo target: String) {
        path = "/go/" + (0..<2).map { _ in OneTimeAddress.digits(UInt64.random(in: 0...UInt64.max)) }.joined()
        self.target = target
    }

    /// As a browser is given it.
    func text(at address: LoopbackAddress) -> String { "http://\(address.host.rawValue):\(address.port)\(path)" }

    /// The response to whoever may have the other address.
    var response: [UInt8] { Page.redirect(to: target, status: "302 Found") }

    private static func digits(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
