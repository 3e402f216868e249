internal import Secrets
internal import TokenLedger

/// Values that must not stand in the configuration itself: `{ credential = "name" }` or `{ file = "/path" }`.
final class SecretReader {
    private let sources: SecretSources
    /// Credentials that were not looked at.
    private(set) var passedOver: [PassedCredential] = []

    init(_ sources: SecretSources) { self.sources = sources }

    /// `nil` if the key is not there, or is not good, which has then been reported, or its credential was passed over.
    ///
    /// - Parameter remedy: what to do when the value was written here, where it can be read.
    /// - Parameter isStoreKey: whether it is a key of the store's, whose credentials are nobody else's.
    /// - Parameter check: what must hold for the bytes; it says so without repeating them.
    func read(
        _ key: String, of owner: TableReader, ifWritten remedy: String, isStoreKey: Bool = false,
        check: (Secret) throws(Complaint) -> Void = { (_) throws(Complaint) in }
    ) -> Secret? {
        guard let node = owner.node(key) else { return nil }
        if case .string = node.content {
            owner.problems.error("must not be written into the configuration; \(Self.forms(key)), and \(remedy): it was readable here", at: node.place)
            return nil
        }
        guard let table = TableReader(node, owner.problems) else { return nil }
        let hasCredential = table.node("credential") != nil
        let hasFile = table.node("file") != nil
        table.finish()
        guard hasCredential != hasFile else {
            owner.problems.error("must name a credential or a file, one of the two; \(Self.forms(key))", at: node.place)
            return nil
        }
        return table.value(hasFile ? "file" : "credential") { (node) throws(Complaint) in
            let secret = try hasFile ? sources.secret(file: node.text()) : inCredential(node, isStoreKey: isStoreKey)
            guard let secret = try secret.map({ (secret) throws(Complaint) in try trimmed(secret, hasFile, node, owner.problems) }) else { return nil }
            try check(secret)
            return secret
        }.flatMap(\.self)
    }

    /// Without the byte order mark that some editors put before every text; it and a blank at an end are warned of.
    private func trimmed(_ secret: Secret, _ isInFile: Bool, _ node: ConfigurationNode, _ problems: ProblemList) throws(Complaint) -> Secret {
        let place = "\(isInFile ? "the file" : "the credential") \(quoted(try node.text()))"
        let text = secret.withoutByteOrderMark
        guard !text.isEmpty else { throw Complaint("\(place) holds a byte order mark and nothing else") }
        if text.count < secret.count {
            problems.warning("\(place) begins with a byte order mark, which is left out; write it anew without one, as other programs send it", at: node.place)
        }
        if text.hasBlankAtAnEnd {
            problems.warning(
                "\(place) begins or ends with a blank, which is sent as part of the secret; if the secret has none there, write it anew without it",
                at: node.place)
        }
        return text
    }

    private func inCredential(_ node: ConfigurationNode, isStoreKey: Bool) throws(Complaint) -> Secret? {
        let id = try node.text()
        guard isStoreKey || !SecretSources.isStoreKey(id) else {
            throw Complaint("\(quoted(id)) is the key of the store, which seals with it and would be locked by a change; give this another name")
        }
        let secret = try sources.secret(credential: id)
        if secret == nil { passedOver.append(PassedCredential(id: id, file: node.place.file, key: node.place.key ?? "")) }
        return secret
    }

    static func forms(_ key: String) -> String { "write \(key) = { credential = \"name\" } or \(key) = { file = \"/path\" }" }
}

extension Secret {
    fileprivate var withoutByteOrderMark: Secret {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        return withBytes { $0.starts(with: mark) } ? self[mark.count..<count] : self
    }

    /// A space, or the one that does not break (U+00A0).
    fileprivate var hasBlankAtAnEnd: Bool {
        withBytes { bytes in
            [[0x20], [0xC2, 0xA0]].contains { (blank: [UInt8]) in bytes.starts(with: blank) || bytes.suffix(blank.count).elementsEqual(blank) }
        }
    }
}
