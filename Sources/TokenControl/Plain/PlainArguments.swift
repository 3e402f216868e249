/// Walks over the arguments after the subcommand, as far as they need no argument parser.
struct PlainArguments {
    enum Item {
        case name(PlainArgument)
        case option(PlainOption, PlainArgument)
        /// Something that only the argument parser can judge or explain.
        case other
    }

    private let arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int
    private var place = 2

    init(_ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, count: Int) {
        self.arguments = arguments
        self.count = count
    }

    mutating func next() -> Item? {
        guard let argument = take() else { return nil }
        guard argument.isOption else { return .name(argument) }
        guard let (option, length) = PlainOption.read(argument) else { return .other }
        guard let value = argument.text[length] == 0 ? take() : argument.from(length + 1), !value.isEmpty, !value.isOption
        else { return .other }
        return .option(option, value)
    }

    private mutating func take() -> PlainArgument? {
        guard place < count, let text = arguments[place] else { return nil }
        place += 1
        return PlainArgument(text)
    }
}

/// An option of `get` and `header` that takes a value.
enum PlainOption {
    case socket, scope, audience, minValid, wait

    /// Which option an argument begins with, and how long its name is. After the name comes `=` or the end.
    static func read(_ argument: PlainArgument) -> (option: PlainOption, length: Int)? {
        if argument.names("--wait") { return (.wait, 6) }
        if argument.names("--scope") { return (.scope, 7) }
        if argument.names("--socket") { return (.socket, 8) }
        if argument.names("--audience") { return (.audience, 10) }
        if argument.names("--min-valid") { return (.minValid, 11) }
        return nil
    }
}
