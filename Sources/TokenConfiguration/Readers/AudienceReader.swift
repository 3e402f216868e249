internal import OAuth
internal import TokenLedger

/// The APIs that a token may be asked for.
enum AudienceReader {
    static func read(_ table: TableReader) -> (values: [String], parameter: Audience.Parameter) {
        let parameter = table.value("audience_parameter") { (node) throws(Complaint) in try node.choice(of: Audience.Parameter.self) }
        if let node = table.node("audience_parameter"), table.node("audiences") == nil {
            table.problems.error("has no audiences to name; add audiences = [\"…\"] or leave it out", at: node.place)
        }
        let values = table.list("audiences") { (node) throws(Complaint) in
            let text = try node.text()
            guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw Complaint("must be printable ASCII without blanks") }
            if parameter ?? .resource == .resource { try mustBeResource(text) }
            return text
        }
        return (values ?? [], parameter ?? .resource)
    }

    /// RES-01: an absolute URI without a fragment (RFC 8707 section 2).
    private static func mustBeResource(_ text: String) throws(Complaint) {
        let scheme = text.prefix { $0 != ":" }
        let isScheme = scheme.first?.isLetter == true && scheme.allSatisfy { $0.isLetter || $0.isNumber || "+-.".contains($0) }
        guard isScheme, scheme.utf8.count + 1 < text.utf8.count, !text.contains("#") else {
            throw Complaint(
                "\(quoted(text)) is not an absolute URI without \"#\", which a resource must be; "
                    + "for a server with names of its own write audience_parameter = \"audience\"")
        }
    }
}
