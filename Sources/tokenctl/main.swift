internal import ArgumentParser
internal import Glibc

// A script may run `get` for every request it makes, so that is read without the argument parser.
if let plain = PlainFetch(arguments: CommandLine.arguments.dropFirst()) {
    exit(plain.run())
}
Tokenctl.main()
