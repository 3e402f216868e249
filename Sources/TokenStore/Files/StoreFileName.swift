internal import Secrets
internal import TokenLedger
internal import TokenWire

/// What a file in the folder of the records is, by its name. A token's name has exactly one dot, so that none of these can be mistaken for
/// another.
enum StoreFileName: Hashable, Sendable {
    /// `portal.user`
    case record(TokenName)
    /// `portal.user.next`: an intent, and room for the successor.
    case next(TokenName)
    /// `.portal.user.1f…`: being written.
    case fresh(TokenName)
    /// `portal.user.locked-1790000000`: could not be opened and was replaced; never read.
    case aside(TokenName)
    /// `portal.user.revoke-9f3ac2d1770b41e6`: a refresh token out of use that its server has still to revoke.
    case revocation(RevocationKey)
    case stranger

    init(_ text: String) {
        if let name = TokenName(text) {
            self = .record(name)
            return
        }
        let isHidden = text.hasPrefix(".")
        let parts = text.dropFirst(isHidden ? 1 : 0).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 3, let name = TokenName(parts[..<2].joined(separator: ".")) else {
            self = .stranger
            return
        }
        switch (isHidden, parts[2]) {
        case (true, _) where parts.count == 3: self = .fresh(name)
        case (false, "next") where parts.count == 3: self = .next(name)
        case (false, let last) where parts.count == 3 && last.hasPrefix(RevocationKey.mark):
            guard let id = UInt64(last.dropFirst(RevocationKey.mark.count), radix: 16).map(Fingerprint.init(bits:)) else { self = .stranger; return }
            let key = RevocationKey(name: name, id: id)
            self = key.file == text ? .revocation(key) : .stranger
        // also "portal.user.next.locked-…"
        case (false, _) where parts.last?.hasPrefix("locked-") == true: self = .aside(name)
        default: self = .stranger
        }
    }
}

extension TokenName {
    var recordFile: String { description }
    var nextFile: String { description + ".next" }
    /// Told apart by `number`.
    func freshFile(_ number: UInt64) -> String { ".\(description).\(String(number, radix: 16))" }

}

extension RevocationKey {
    fileprivate static let mark = "revoke-"

    var file: String { "\(name).\(Self.mark)\(id)" }
}
