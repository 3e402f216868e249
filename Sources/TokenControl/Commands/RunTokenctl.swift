internal import ArgumentParser
internal import Glibc

/// The program: does what its arguments say, and ends with the exit status of that.
package func runTokenctl() -> Never {
    let count = Int(CommandLine.argc)
    // Swift reads the arguments of a program from /proc/self/cmdline
    guard count > 0 else {
        var sentence = "tokenctl: the arguments cannot be read: /proc is not mounted here (proc(5))\n"
        _ = sentence.withUTF8 { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        exit(71)
    }
    let taken = LeadingSocket.take(CommandLine.unsafeArgv, count: count)

    // A script may run `get` for every request it makes, so that is read without the argument parser.
    if let plain = PlainFetch(CommandLine.unsafeArgv + taken, count: count - taken) {
        exit(plain.run())
    }
    Tokenctl.run(Array(CommandLine.arguments.dropFirst(1 + taken)))
}
