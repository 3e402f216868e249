internal import Secrets

/// What the argument parser says of wrong arguments, which it repeats: a token that was given by mistake must not get into a log.
enum WrongArguments {
    /// The complaint without what could be a token.
    static func masked(_ complaint: String, _ arguments: [String]) -> String {
        let values = arguments.flatMap { argument -> [String] in
            guard argument.hasPrefix("-"), let sign = argument.firstIndex(of: "=") else { return [argument] }
            return [String(argument[argument.index(after: sign)...])]
        }
        return values.filter(couldBeToken).reduce(complaint) { text, token in
            text.split(separator: token, omittingEmptySubsequences: false).joined(separator: "(\(token.utf8.count) characters, not repeated)")
        }
    }

    private static func couldBeToken(_ word: String) -> Bool {
        word.utf8.count >= 20 && !word.hasPrefix("-") && !word.hasPrefix("/") && Secret(word).isBearerToken
    }
}
