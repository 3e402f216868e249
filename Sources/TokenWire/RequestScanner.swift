/// Reads the items of one request line in order: the verb, its words and its fields, separated by single spaces.
struct RequestScanner {
    private let line: UnsafeRawBufferPointer
    /// The offset of the next item, or more than the length if there is none.
    private var next = 0
    private var seen = RequestKeySet()
    private(set) var verb = Verb.ping

    /// Reads the verb.
    init(_ line: UnsafeRawBufferPointer) throws(Refusal) {
        guard !line.isEmpty else { throw .badRequest("the line is empty; HELP lists the requests") }
        if let place = line.firstIndex(where: { !$0.isPrintable }) { throw .unprintable(line[place], at: place) }
        self.line = line
        let word = try item() ?? line.part(0..<0)
        guard let verb = Verb(word) else { throw .unknownVerb(word) }
        self.verb = verb
    }

    var isAtEnd: Bool { next > line.count }

    /// The next word as bytes. `role` names it in the error if it is missing.
    mutating func word(_ role: StaticString) throws(Refusal) -> UnsafeRawBufferPointer {
        guard let word = try item() else { throw .badRequest("\(verb.rawValue) needs a \(role)") }
        return word
    }

    /// The next word as text.
    mutating func text(_ role: StaticString) throws(Refusal) -> String {
        String(decoding: try word(role), as: UTF8.self)
    }

    /// The next field; `nil` at the end of the line. Throws if the key is unknown, or repeated without permission.
    mutating func field() throws(Refusal) -> RequestField? {
        guard let item = try item() else { return nil }
        guard let equals = item.firstOffset(of: .equals) else { throw notAField(item) }
        let name = item.part(0..<equals)
        guard let key = RequestKey(name) else { throw unknownKey(name) }
        if !key.repeats, !seen.insert(key) { throw .badRequest("\(key.name)= may be given only once") }
        guard equals + 1 < item.count else { throw .badRequest("\(key.name)= has no value") }
        return RequestField(key: key, value: item.part(equals + 1..<item.count))
    }

    /// The error for a key that this verb does not support.
    func unsupportedKey(_ key: RequestKey) -> Refusal { .badRequest("\(verb.rawValue) knows no key \"\(key.name)\"") }

    /// Throws if there are more fields.
    mutating func end() throws(Refusal) {
        if let field = try field() { throw unsupportedKey(field.key) }
    }

    private mutating func item() throws(Refusal) -> UnsafeRawBufferPointer? {
        guard next <= line.count else { return nil }
        let end = line.firstOffset(of: .space, from: next) ?? line.count
        guard end > next else { throw .badRequest("items are separated by exactly one space, with none at either end") }
        defer { next = end + 1 }
        return line.part(next..<end)
    }

    private func notAField(_ item: UnsafeRawBufferPointer) -> Refusal {
        let found = verb.mayBeQuoted ? Quotation.of(item) : "what follows the last word"
        return .badRequest("\(found) is not key=value; \(verb.rawValue) takes no more words")
    }

    private func unknownKey(_ name: UnsafeRawBufferPointer) -> Refusal {
        let found = verb.mayBeQuoted ? Quotation.of(name) : "of that name"
        return .badRequest("\(verb.rawValue) knows no key \(found)")
    }
}
