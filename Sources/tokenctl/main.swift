internal import ArgumentParser
internal import Glibc

let count = Int(CommandLine.argc)
let taken = LeadingSocket.take(CommandLine.unsafeArgv, count: count)

// A script may run `get` for every request it makes, so that is read without the argument parser.
if let plain = PlainFetch(CommandLine.unsafeArgv + taken, count: count - taken) {
    exit(plain.run())
}
Tokenctl.run(Array(CommandLine.arguments.dropFirst(1 + taken)))
