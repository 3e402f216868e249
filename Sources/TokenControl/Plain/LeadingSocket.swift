internal import Glibc

/// `tokenctl --socket PATH get …`: the option before the subcommand means the same as after it.
enum LeadingSocket {
    /// How many arguments after the program's name belong to it; the path takes the place of the environment's.
    static func take(_ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, count: Int) -> Int {
        guard count > 1, let option = arguments[1], strncmp(option, "--socket", 8) == 0 else { return 0 }
        if option[8] == CChar(UInt8(ascii: "=")), option[9] != 0 {
            setenv("TOKEND_SOCKET", option + 9, 1)
            return 1
        }
        guard option[8] == 0, count > 2, let path = arguments[2], path[0] != 0 else { return 0 }
        setenv("TOKEND_SOCKET", path, 1)
        return 2
    }
}
