/// The first word of a request.
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

    /// Parses a verb in any case. `nil` for anything else.
    package init?(_ word: UnsafeRawBufferPointer) {
        guard let letters = Verb.letters(of: word), let index = Verb.known.firstIndex(of: letters) else { return nil }
        self = Verb.allCases[index]
    }

    /// Parses the verb of a line and ignores the rest.
    package init?(ofLine line: UnsafeRawBufferPointer) {
        self.init(line.part(0..<(line.firstOffset(of: .space) ?? line.count)))
    }

    /// Whether the request has an effect that matters more than its reply: it is executed even if the client has disconnected.
    package var changesSomething: Bool {
        switch self {
        case .callback, .cancel, .confirm, .import, .logout, .reject, .reload, .renew: true
        case .get, .header, .wait, .watch, .list, .status, .login, .await, .explain, .metrics, .ping, .hello, .help, .quit: false
        }
    }

    /// Whether a line with this verb may exceed the usual limit, if the peer may use the verb at all.
    package var mayBeLong: Bool { self == .import || self == .callback }

    /// Whether an error may quote from the line. The other lines contain a secret, or may contain one by mistake.
    var mayBeQuoted: Bool { !mayBeLong && self != .reject }
}

// A verb has at most eight letters, so it is compared as one number without a string.
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
