/// The first word of a request: what the caller wants done.
package enum Verb: String, Hashable, Sendable, CaseIterable {
    case get = "GET"
    case header = "HEADER"
    case reject = "REJECT"
    case wait = "WAIT"
    case watch = "WATCH"
    case list = "LIST"
    case status = "STATUS"
    case login = "LOGIN"
    case callback = "CALLBACK"
    case confirm = "CONFIRM"
    case cancel = "CANCEL"
    case await = "AWAIT"
    case logout = "LOGOUT"
    case `import` = "IMPORT"
    case renew = "RENEW"
    case reload = "RELOAD"
    case explain = "EXPLAIN"
    case metrics = "METRICS"
    case ping = "PING"
    case hello = "HELLO"
    case help = "HELP"
    case quit = "QUIT"

    /// Reads a verb in any case; `nil` for anything else.
    package init?(_ word: UnsafeRawBufferPointer) {
        guard let letters = Verb.letters(of: word), let index = Verb.known.firstIndex(of: letters) else { return nil }
        self = Verb.allCases[index]
    }

    /// Reads the verb of a line, and nothing behind it.
    package init?(ofLine line: UnsafeRawBufferPointer) {
        self.init(line.part(0..<(line.firstOffset(of: .space) ?? line.count)))
    }

    /// Whether a request is for what it does, not for what is answered: it is carried out even when nobody hears the answer.
    package var changesSomething: Bool {
        switch self {
        case .callback, .cancel, .confirm, .import, .logout, .reject, .reload, .renew: true
        case .get, .header, .wait, .watch, .list, .status, .login, .await, .explain, .metrics, .ping, .hello, .help, .quit: false
        }
    }

    /// Whether a line of this verb may be longer than others, if the peer may use it at all.
    package var mayBeLong: Bool { self == .import || self == .callback }

    /// Whether a refusal may quote from the line. These lines hold secrets, or get one by mistake.
    var mayBeQuoted: Bool { !mayBeLong && self != .reject }
}

// No verb is longer than eight letters, so each one is a number and the search touches no text.
extension Verb {
    private static let known: [UInt64] = allCases.map { verb in
        var name = verb.rawValue
        return name.withUTF8 { letters(of: UnsafeRawBufferPointer($0)) ?? 0 }
    }

    private static func letters(of word: UnsafeRawBufferPointer) -> UInt64? {
        guard (1...8).contains(word.count) else { return nil }
        var letters: UInt64 = 0
        for byte in word {
            guard byte.isLetter else { return nil }
            letters = letters << 8 | UInt64(byte & 0xDF)
        }
        return letters
    }
}
