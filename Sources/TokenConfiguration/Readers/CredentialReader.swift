internal import Systemd
internal import TokenLedger
internal import TokenWire

/// `[credentials]` of `tokend.toml`: `ID = "application.token"`, for units that ask for a credential by a name of their own.
struct CredentialReader {
    private struct Entry {
        var id: String
        var token: TokenName
        var place: Place
    }
    private let entries: [Entry]

    /// Takes the form of each; whether the tokens exist is known when all files were read.
    init(_ table: TableReader?) {
        entries = (table?.everyNode() ?? []).compactMap { id, node in
            table?.problems.reporting(at: node.place) { () throws(Complaint) in
                guard isCredentialID(id.utf8) else {
                    throw Complaint("systemd takes no such id for a credential: printable ASCII without \"/\" and \":\", at most 255; rename it")
                }
                let name = try node.text()
                guard let token = TokenName(name) else {
                    throw Complaint("must be the name of a token, \"application.token\", not \(quoted(name))")
                }
                return Entry(id: id, token: token, place: node.place)
            }
        }
    }

    /// - Parameters:
    ///   - named: every token that the files name, good or bad.
    ///   - unread: applications whose file could not be read, so that nobody knows what is in it.
    func read(into configuration: inout Configuration, named: Set<TokenName>, unread: Set<String>, _ problems: ProblemList) {
        var guesses = 0
        for entry in entries {
            if let other = TokenName(entry.id), named.contains(other) {
                problems.error("is the name of a token already, which units get under this id; remove the line or rename the id", at: entry.place)
            } else if !named.contains(entry.token), !unread.contains(String(entry.token.application)) {
                // a guess compares with every name there is; the first few will show what is wrong with the rest
                let guess = guesses < 20 ? nearest(to: entry.token.description, among: named.map(\.description)).map { "; did you mean \(quoted($0))?" } : nil
                guesses += 1
                problems.error("there is no token \(quoted(entry.token.description))" + (guess ?? "; add it to apps.d or remove the line"), at: entry.place)
            } else if !problems.hasErrors, let token = configuration.tokens[entry.token], !token.allow.contains(where: \.who.isUnitAlone) {
                // an entry that is wrong may have been meant as such a one, and has been told of
                problems.warning(
                    "no entry of \(quoted(entry.token.description)) names a unit and nothing else, so no unit can be given it; "
                        + "add allow = [ { unit = \"…\" } ] to the token",
                    at: entry.place)
            }
            configuration.credentials[entry.id] = entry.token
        }
    }
}

extension PeerPattern {
    fileprivate var isUnitAlone: Bool { unit != nil && user == nil && group == nil }
}
