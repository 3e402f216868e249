internal import ArgumentParser
internal import Glibc

// A script may run `get` for every request it makes, so that is read without the argument parser.
if let plain = PlainFetch(CommandLine.unsafeArgv, count: Int(CommandLine.argc)) {
    exit(plain.run())
}
Tokenctl.main()
