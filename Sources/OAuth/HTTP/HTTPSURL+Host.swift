internal import Codecs

extension HTTPSURL {
    /// `host`, `host:port`, `[address]` or `[address]:port`.
    static func hostAndPort(_ authority: Substring) throws(Problem) -> (host: String, port: Int) {
        guard !authority.contains("@") else { throw .userInfo }
        let host = authority.first == "[" ? try bracketed(authority) : String(authority.prefix { $0 != ":" }).lowercased()
        guard authority.first == "[" || isName(host) else { throw .host }
        let rest = authority.dropFirst(host.count)
        guard !rest.isEmpty else { return (host, 443) }
        guard rest.first == ":", let port = number(rest.dropFirst(), in: 1...65_535) else { throw .port }
        return (host, port)
    }

    private static func bracketed(_ authority: Substring) throws(Problem) -> String {
        guard let end = authority.firstIndex(of: "]") else { throw .host }
        let address = authority[authority.index(after: authority.startIndex)..<end].lowercased()
        let isAddress =
            address.utf8.count <= 45 && address.utf8.count { $0 == UInt8(ascii: ":") } >= 2
            && address.utf8.allSatisfy { Hex.value(of: $0) != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
        guard isAddress else { throw .host }
        return "[\(address)]"
    }

    /// A DNS name, or an IPv4 address in dotted decimal. Resolvers also accept `127.1` and `0x7f000001`, so a name whose last label starts with a
    /// digit is rejected.
    private static func isName(_ host: String) -> Bool {
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        guard host.utf8.count <= 253, labels.allSatisfy(isLabel), let last = labels.last else { return false }
        guard last.utf8.first.map({ (48...57).contains($0) }) == true else { return true }
        return labels.count == 4 && labels.allSatisfy { number($0, in: 0...255) != nil }
    }

    private static func isLabel(_ label: Substring) -> Bool {
        (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
            && label.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
    }

    /// A decimal number without sign or leading zeros.
    private static func number(_ text: Substring, in range: ClosedRange<Int>) -> Int? {
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), text == "0" || text.first != "0",
            let number = Int(text), range.contains(number)
        else { return nil }
        return number
    }
}
