internal import Dispatch
internal import Glibc

/// Yields once when the process should end: on SIGTERM, SIGINT or optionally the end of standard input.
func endings(withStdin: Bool) -> AsyncStream<Void> {
    let (stream, end) = AsyncStream<Void>.makeStream()
    for number in [SIGTERM, SIGINT] {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        // the handler retains its own source, which must live as long as the process
        source.setEventHandler { withExtendedLifetime(source) { _ = end.yield() } }
        source.resume()
    }
    if withStdin { yieldAtEndOfStdin(end) }
    return stream
}

private func yieldAtEndOfStdin(_ end: AsyncStream<Void>.Continuation) {
    DispatchQueue.global().async {
        var buffer = [UInt8](repeating: 0, count: 512)
        while read(STDIN_FILENO, &buffer, buffer.count) > 0 {}
        end.yield()
    }
}
