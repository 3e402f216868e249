internal import Secrets
internal import TokenWire

/// What is said on standard error repeats arguments; in a unit that is the journal. A token that was given there by mistake must not get into it.
enum MistakenToken {
    /// The text without whatever among the arguments could be a token, whole or as far as it is quoted.
    static func hidden(in text: String, _ arguments: [String] = CommandLine.arguments) -> String {
        let words = arguments.flatMap { argument -> [String] in
            let value = argument.hasPrefix("--") ? argument.firstIndex(of: "=").map { argument[argument.index(after: $0)...] } : nil
            return (value ?? argument[...]).split { $0.isWhitespace }.map(String.init)
        }
        return words.filter(couldBe).reduce(text) { text, token in
            [token, token.firstQuoted].reduce(text) { text, part in
                text.split(separator: part, omittingEmptySubsequences: false).joined(separator: "(\(token.utf8.count) characters, not repeated)")
            }
        }
    }

    /// Options, paths, addresses, units and names of tokens are none, and hardly anything without a digit.
    private static func couldBe(_ word: String) -> Bool {
        word.utf8.count >= 20 && !word.hasPrefix("--") && !word.contains("/") && !isUnit(word) && word.utf8.contains { (48...57).contains($0) }
            && TokenName(word) == nil && Secret(word).isRefreshToken
    }

    private static func isUnit(_ word: String) -> Bool { [".service", ".socket", ".scope", ".slice", ".timer"].contains(where: word.hasSuffix) }
}

extension String {
    /// As much as `Quotation` repeats.
    fileprivate var firstQuoted: String { String(decoding: utf8.prefix(Quotation.longest), as: UTF8.self) }
}
