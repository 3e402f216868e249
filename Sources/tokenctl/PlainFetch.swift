internal import Glibc
internal import TokenWire

/// `get NAME` or `header NAME` with well-formed options: read and done at once, without the argument parser.
struct PlainFetch {
    private var verb: Verb
    private var query: TokenQuery
    private var socket: SocketPath

    /// `nil` for anything else, faults included: those are for the argument parser to explain.
    init?(arguments: some Collection<String>) {
        var rest = arguments.makeIterator()
        switch rest.next() {
        case "get": verb = .get
        case "header": verb = .header
        default: return nil
        }
        query = TokenQuery(name: "")
        var path: String?
        while let argument = rest.next() {
            guard argument.utf8.first == UInt8(ascii: "-") else {
                guard query.name.isEmpty, !argument.isEmpty else { return nil }
                query.name = argument
                continue
            }
            guard let (option, value) = PlainFetch.option(argument, &rest) else { return nil }
            switch option {
            case "--socket": path = value
            case "--scope": query.scopes.append(value)
            case "--audience": query.audience = value
            case "--min-valid":
                guard let life = Int(value), life >= 0 else { return nil }
                query.minValid = life
            case "--wait":
                guard let wait = Int(value), (0...TokenQuery.longestWait).contains(wait) else { return nil }
                query.wait = wait
            default: return nil
            }
        }
        guard !query.name.isEmpty else { return nil }
        socket = SocketPath(path)
    }

    /// The exit status.
    func run() -> Int32 {
        do throws(Failure) {
            let output = try TokenFetch(verb: verb, query: query, socket: socket).line()
            try StandardOutput.write(output)
            return 0
        } catch {
            return error.report(about: query.name)
        }
    }

    /// `--option=value`, or `--option` and the next argument; `nil` without a value.
    private static func option(
        _ argument: String, _ rest: inout some IteratorProtocol<String>
    ) -> (option: String, value: String)? {
        if let equals = argument.utf8.firstIndex(of: UInt8(ascii: "=")) {
            let value = String(argument[argument.utf8.index(after: equals)...])
            return value.isEmpty ? nil : (String(argument[..<equals]), value)
        }
        guard let value = rest.next(), !value.isEmpty, value.utf8.first != UInt8(ascii: "-") else { return nil }
        return (argument, value)
    }
}
