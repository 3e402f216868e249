/// A parsed line of the control socket: the verb, plain words and `name=value` options.
package struct ControlLine: Equatable, Sendable {
    package let verb: String
    package let words: [String]
    package let options: [Option]
    private let text: String

    package struct Option: Equatable, Sendable {
        package let name: String
        package let value: String
    }

    /// Words are separated by spaces. Within double quotes a space is part of the word, and a backslash escapes the next character.
    package init(_ line: some StringProtocol) throws(ControlError) {
        text = String(line)
        var all = try Self.split(line)
        guard !all.isEmpty else { throw ControlError("an empty line; \"help\" lists the verbs") }
        verb = all.removeFirst()
        let parts = all.map { word in word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false) }
        words = zip(all, parts).filter { !Self.isOption($1) }.map(\.0)
        options = parts.filter(Self.isOption).map { Option(name: String($0[0]), value: String($0[1])) }
    }

    package subscript(name: String) -> String? {
        options.last { $0.name == name }?.value
    }

    /// The value of an option as an integer.
    package func number(_ name: String) throws(ControlError) -> Int? {
        guard let text = self[name] else { return nil }
        guard let number = Int(text) else { throw ControlError("\"\(name)\" is a whole number, not \"\(text)\"") }
        return number
    }

    /// The value of an option as a number of seconds, 0 or more.
    package func seconds(_ name: String) throws(ControlError) -> Double? {
        guard let text = self[name] else { return nil }
        guard let seconds = Double(text), (0...86_400).contains(seconds) else {
            throw ControlError("\"\(name)\" is a number of seconds, not \"\(text)\"")
        }
        return seconds
    }

    /// Throws for options that the verb does not have, to detect misspellings.
    package func allowOptions(_ names: String...) throws(ControlError) {
        guard let other = options.first(where: { !names.contains($0.name) }) else { return }
        throw ControlError("\"\(verb)\" has no option \"\(other.name)\"")
    }

    /// The line without its first words and surrounding spaces.
    package func remainder(after words: Int) -> String {
        String(text.split(separator: " ", maxSplits: words).dropFirst(words).first ?? "")
    }

    /// An option has a name before its `=`. A URL with a query is a plain word.
    private static func isOption(_ parts: [Substring]) -> Bool {
        parts.count == 2 && !parts[0].isEmpty && parts[0].allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
    }

    private static func split(_ line: some StringProtocol) throws(ControlError) -> [String] {
        var words: [String] = []
        var word: String?
        var quoted = false
        var escaped = false
        for character in line {
            switch character {
            case _ where escaped: (word, escaped) = ((word ?? "") + String(character), false)
            case "\\" where quoted: escaped = true
            case "\"": (word, quoted) = (word ?? "", !quoted)
            case " " where !quoted:
                if let whole = word { words.append(whole) }
                word = nil
            default: word = (word ?? "") + String(character)
            }
        }
        guard !quoted else { throw ControlError("a double quote is not closed") }
        return words + (word.map { [$0] } ?? [])
    }
}
