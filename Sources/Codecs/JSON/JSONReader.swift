package import Secrets

/// Why a body is rejected.
package enum JSONProblem: Error, Hashable, CustomStringConvertible {
    case notUTF8
    case notJSON
    case notAnObject
    case twice
    case trailing
    case tooDeep
    case tooMany

    package var description: String {
        switch self {
        case .notUTF8: "is not UTF-8"
        case .notJSON: "is not JSON"
        case .notAnObject: "is not a JSON object"
        case .twice: "has a repeated member"
        case .trailing: "has trailing content"
        case .tooDeep: "is nested too deeply"
        case .tooMany: "has too many values"
        }
    }
}

extension JSONObject {
    /// Parses a body that must be one JSON object (RFC 8259). It rejects bodies that two parsers could read differently: repeated names, invalid
    /// UTF-8, unpaired surrogates and trailing content. A leading byte order mark is accepted (TR-15).
    package static func read(_ body: Secret) -> Result<JSONObject, JSONProblem> {
        body.withBytes { bytes in
            var reader = JSONReader(source: body, bytes: bytes)
            return Result { () throws(JSONProblem) in try reader.object() }
        }
    }
}

/// A recursive descent parser over borrowed memory. Strings are not copied.
struct JSONReader {
    static let deepest = 32
    static let mostValues = 20_000

    let source: Secret
    let bytes: UnsafeRawBufferPointer
    var at = 0
    private var values = 0

    init(source: Secret, bytes: UnsafeRawBufferPointer) {
        self.source = source
        self.bytes = bytes
    }

    mutating func object() throws(JSONProblem) -> JSONObject {
        guard (try? UTF8Span(validating: bytes.bindMemory(to: UInt8.self).span)) != nil else { throw .notUTF8 }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
        let root = try value(depth: 0)
        skipSpace()
        guard at == bytes.count else { throw .trailing }
        guard case .object(let object) = root else { throw .notAnObject }
        return object
    }

    private mutating func value(depth: Int) throws(JSONProblem) -> JSONValue {
        guard depth < Self.deepest else { throw .tooDeep }
        guard values < Self.mostValues else { throw .tooMany }
        values += 1
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["): return .array(try elements(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): return try word()
        default: return .number(try number())
        }
    }

    private mutating func members(depth: Int) throws(JSONProblem) -> JSONObject {
        var object = JSONObject()
        at += 1
        skipSpace()
        if take("}") { return object }
        repeat {
            skipSpace()
            let name = try string().secret.withBytes { Array($0) }
            skipSpace()
            guard take(":") else { throw .notJSON }
            guard object.insert(try value(depth: depth + 1), as: name) else { throw .twice }
            skipSpace()
        } while take(",")
        guard take("}") else { throw .notJSON }
        return object
    }

    private mutating func elements(depth: Int) throws(JSONProblem) -> [JSONValue] {
        var elements: [JSONValue] = []
        at += 1
        skipSpace()
        if take("]") { return elements }
        repeat {
            elements.append(try value(depth: depth + 1))
            skipSpace()
        } while take(",")
        guard take("]") else { throw .notJSON }
        return elements
    }

    private mutating func word() throws(JSONProblem) -> JSONValue {
        if take("true") { return .bool(true) }
        if take("false") { return .bool(false) }
        if take("null") { return .null }
        throw .notJSON
    }

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    private mutating func number() throws(JSONProblem) -> String {
        let start = at
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func digits() throws(JSONProblem) {
        let start = at
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { at += 1 }
        guard at > start else { throw .notJSON }
    }

    var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    /// Skips the word if it is next.
    mutating func take(_ word: StaticString) -> Bool {
        let expected = UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        guard bytes[at...].starts(with: expected) else { return false }
        at += expected.count
        return true
    }
}
