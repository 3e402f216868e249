internal import Glibc
internal import TokenWire

/// `get NAME` or `header NAME` with well-formed options: read from the kernel's own bytes and done at once.
///
/// A Swift string, an array or a generic call would cost so short a process more than all the rest; until something
/// fails there are none here.
struct PlainFetch {
    private let verb: Verb
    private let name: PlainArgument
    private let line: RequestLine
    private var socket = SocketPath.inherited
    private var wait: Int?
    private var hasMinValid = false
    private var hasAudience = false

    /// `nil` for anything else, faults included: those are for the argument parser to explain.
    init?(_ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, count: Int) {
        guard count > 2, let command = arguments[1], let verb = PlainFetch.verb(PlainArgument(command)),
            let name = PlainFetch.onlyName(PlainArguments(arguments, count: count))
        else { return nil }
        self.verb = verb
        self.name = name
        line = RequestLine(verb)
        guard line.add(word: name.bytes) else { return nil }
        var rest = PlainArguments(arguments, count: count)
        while let item = rest.next() {
            guard case .option(let option, let value) = item else { continue }
            guard add(option, value) else { return nil }
        }
    }

    /// Prints the token or the header line. Returns the exit status.
    func run() -> Int32 {
        do throws(Failure) {
            try TokenFetch(verb: verb, line: line, socket: socket, wait: wait ?? TokenQuery.defaultWait).print()
            return 0
        } catch {
            return error.report(about: String(cString: name.text))
        }
    }

    private static func verb(_ command: PlainArgument) -> Verb? {
        if command.equals("get") { return .get }
        if command.equals("header") { return .header }
        return nil
    }

    private static func onlyName(_ arguments: PlainArguments) -> PlainArgument? {
        var arguments = arguments
        var only: PlainArgument?
        while let item = arguments.next() {
            switch item {
            case .name(let name):
                guard only == nil else { return nil }
                only = name
            case .option: continue
            case .other: return nil
            }
        }
        return only
    }

    /// `false` when the value is out of range, or the option met before.
    private mutating func add(_ option: PlainOption, _ value: PlainArgument) -> Bool {
        switch option {
        case .scope: line.add(key: "scope", value: value.bytes)
        case .socket: socket = SocketPath(value.text)
        case .audience:
            guard !hasAudience else { return false }
            hasAudience = true
            line.add(key: "audience", value: value.bytes)
        case .minValid:
            guard !hasMinValid, value.number != nil else { return false }
            hasMinValid = true
            line.add(key: "min-valid", value: value.bytes)
        case .wait:
            guard wait == nil, let seconds = value.number, seconds <= TokenQuery.longestWait else { return false }
            wait = seconds
            line.add(key: "wait", value: value.bytes)
        }
        return true
    }
}
