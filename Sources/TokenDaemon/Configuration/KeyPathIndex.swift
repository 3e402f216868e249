internal import TokenLedger

/// On which line every key and array item of a TOML text stands; TOMLKit knows lines only for syntax errors.
///
/// Made for texts that TOMLKit has parsed: what is not TOML is passed over, not reported.
nonisolated struct KeyPathIndex {
    enum Step: Hashable {
        case key(String)
        case item(Int)
    }
    private let lines: [[Step]: Int]
    /// The first line with an escaped NUL in a string: a C string would end there.
    let nullLine: Int?

    init(_ text: String) {
        var scanner = KeyPathScanner(text)
        scanner.scan()
        lines = scanner.lines
        nullLine = scanner.nullLine
    }

    /// Counted from 1. A table that only its parts mention stands where the first of them does.
    func line(of path: [Step]) -> Int? { lines[path] }

    /// `token.sync.allow[1].user`; a key that is not bare is quoted.
    static func text(_ path: [Step]) -> String {
        path.reduce(into: "") { text, step in
            switch step {
            case .key(let key): text += (text.isEmpty ? "" : ".") + shown(key)
            case .item(let number): text += "[\(number)]"
            }
        }
    }

    private static func shown(_ key: String) -> String {
        !key.isEmpty && key.utf8.allSatisfy(TOMLCursor.isBare) ? key : quoted(key)
    }
}
