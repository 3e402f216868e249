internal import Codecs
internal import Secrets

extension EndpointResponse {
    /// What a body is that is not a JSON object. The text continues "the answer …".
    func description(of problem: JSONProblem) -> String {
        if body.isEmpty { return "is empty" }
        if let compression { return "is compressed (\(compression)), which was not requested" }
        if isForm { return "is a form, not JSON" }
        return isPage ? "is a web page, not JSON" : problem.description
    }

    /// Whether the server itself seems to have sent this body that is not a JSON object: it is complete and not a page.
    var isAnotherFormat: Bool { compression != nil || isForm }

    /// The compression of the body (RFC 9110 section 8.4). A gateway may have removed the header.
    private var compression: String? {
        let named = (contentEncoding ?? "").trimmed
        if !named.isEmpty, named.lowercased() != "identity" { return named.shown(atMost: 20) }
        return body.withBytes { $0.starts(with: [0x1F, 0x8B]) } ? "gzip" : nil
    }

    /// Whether it is `application/x-www-form-urlencoded`, by its type or by its beginning: `access_token=…`, `error=…`.
    private var isForm: Bool {
        if isType("application/x-www-form-urlencoded") { return true }
        return body.withBytes { bytes in
            let name = bytes.prefix { (97...122).contains($0) || $0 == UInt8(ascii: "_") }
            return !name.isEmpty && name.count < 64 && bytes.dropFirst(name.count).first == UInt8(ascii: "=")
        }
    }

    /// Whether it is HTML, by its type or by its beginning, as a gateway or a login page in front of the server sends it.
    var isPage: Bool {
        isType("text/html") || body.withBytes { bytes in bytes.first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: "<") }
    }

    private func isType(_ type: String) -> Bool { (contentType ?? "").trimmed.lowercased().hasPrefix(type) }

    /// The target of a redirect, without query and fragment.
    /// - Parameter url: the requested URL.
    func target(of url: String) -> String? {
        let target = String((location ?? "").prefix { $0 != "?" && $0 != "#" })
        guard target.hasPrefix("/"), !target.hasPrefix("//") else { return target.isEmpty ? nil : target }
        return (try? HTTPSURL(url, allowsQuery: true)).map { $0.origin + target }
    }

    /// The target of a redirect, as a text that continues "… answered 301, …". Without its query, which may contain secrets.
    var redirection: String {
        let target = (location ?? "").prefix { $0 != "?" && $0 != "#" }
        return target.isEmpty ? "a redirect, which is never followed" : "a redirect to '\(String(target).shown())', which is never followed"
    }
}
