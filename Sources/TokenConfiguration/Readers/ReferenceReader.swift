internal import OAuth
internal import Secrets
internal import TokenLedger
internal import TokenWire

/// What `grant = "reference"` brings along.
struct ReferenceReader {
    let secrets: SecretReader
    let isERPNet: Bool
    /// Whether the client proves itself; `nil` if that cannot be told.
    let clientProves: Bool?
    /// Wall time in seconds.
    let now: Int64

    func read(_ table: TableReader) -> ReferenceSettings {
        let value = secrets.read("value", of: table, ifWritten: "replace the token", check: mustBeToken)
        let expires = table.value("expires", expiry)
        if case .at(let end) = expires, end <= now {
            table.problems.warning("is in the past, so nobody gets the token any more; have a new one made", at: table.node("expires")?.place ?? table.place)
        }
        // an imported token comes with its end
        if table.node("expires") == nil, table.node("value") != nil {
            table.problems.warning(
                "is missing, so nobody can be warned before the token ends; write its end such as expires = \(Self.example), or \"never\"",
                at: table.place.below("expires"))
        }
        return ReferenceSettings(value: value, expires: expires, probe: table.table("probe").flatMap(probe))
    }

    private static let example = "2027-03-01T00:00:00Z"

    private func expiry(_ node: ConfigurationNode) throws(Complaint) -> Expiry {
        switch node.content {
        case .moment(let seconds): return .at(seconds)
        case .string("never"): return .never
        case .string: throw Complaint("must be \"never\", or a date with time and zone such as \(Self.example), which stands without quotes")
        case .integer, .boolean, .array, .table, .other: throw node.mustBe("a date with time and zone such as \(Self.example), or \"never\"")
        }
    }

    // MARK: the token

    private func mustBeToken(_ secret: Secret) throws(Complaint) {
        guard !isERPNet || secret.looksLikeERPNet else {
            throw Complaint(
                "does not hold a reference token of ERP.net, which is \"enrt_\" with letters and digits after it; "
                    + "put in exactly what the Profile site or the Instance Manager showed when the token was made")
        }
        guard secret.isBearerToken, !secret.isQuoted else {
            throw Complaint(
                "does not hold a token: printable ASCII without blanks, at most \(Secret.longestToken >> 10) KiB; "
                    + "put in the token alone, without quotes, \"Bearer\" or blanks")
        }
    }

    // MARK: the probe

    private func probe(_ table: TableReader) -> ReferenceSettings.Probe? {
        let isByURL = table.node("url") != nil
        let isByIntrospection = table.node("introspection") != nil
        let interval = table.value("every") { (node) throws(Complaint) in try node.integer(in: 60...86_400, "seconds") }
        table.finish()
        guard isByURL != isByIntrospection else {
            table.problems.error("must look in one way; write probe = { url = \"https://…\" } or probe = { introspection = true }", at: table.place)
            return nil
        }
        let way = isByURL ? table.value("url", address) : table.value("introspection", introspection)
        return way.map { ReferenceSettings.Probe(way: $0, every: interval ?? ReferenceSettings.Probe.defaultInterval) }
    }

    private func address(_ node: ConfigurationNode) throws(Complaint) -> ReferenceSettings.Probe.Way {
        let text = try node.text()
        do {
            _ = try HTTPSURL(text, allowsQuery: true)
            return .api(text)
        } catch {
            throw Complaint("\(error); write an address such as \"https://api.example.com/me\"")
        }
    }

    /// RFC 7662 section 2.1: whoever asks must prove who it is.
    private func introspection(_ node: ConfigurationNode) throws(Complaint) -> ReferenceSettings.Probe.Way {
        guard try node.flag() else { throw Complaint("must be true; without it leave the probe out") }
        guard clientProves != false else { throw Complaint("servers tell nothing to a client that does not prove itself; give [client] its secret") }
        return .introspection
    }
}

extension Secret {
    /// `enrt_` and letters, digits, "-" or "_"; all that were seen have 64 hex digits, which nobody promises.
    fileprivate var looksLikeERPNet: Bool {
        withBytes { bytes in
            let prefix = Array("enrt_".utf8)
            return bytes.count > prefix.count && bytes.starts(with: prefix)
                && bytes.dropFirst(prefix.count).allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                        UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
        }
    }
}
