internal import CShims
internal import Glibc

/// Waits for whatever comes first: a descriptor, a moment, or a signal that asks the program to end.
///
/// While it lives SIGINT, SIGTERM and SIGHUP do not end the program by themselves: there is a terminal to be put right, and
/// something to be said.
final class Vigil {
    enum Awakening { case ready, late, interrupted }

    private let interrupts: Int32

    init() throws(Failure) {
        Vigil.keepStandardDescriptors()
        interrupts = tokend_interrupts()
        guard interrupts >= 0 else { throw .connection(-interrupts) }
    }

    deinit { tokend_interrupts_end(interrupts) }

    /// A program may start with its standard descriptors closed. A listener or a browser's connection in their place would be
    /// sent what is printed; now printing fails instead, and reading finds the end.
    private static func keepStandardDescriptors() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 { _ = open("/dev/null", O_RDONLY) }
    }

    /// Fills in what became of each descriptor.
    func wait(_ polls: inout [pollfd], until deadline: Deadline) -> Awakening {
        var all = [pollfd(fd: interrupts, events: Int16(POLLIN), revents: 0)] + polls
        let count = poll(&all, nfds_t(all.count), deadline.milliseconds)
        polls = Array(all.dropFirst())
        if count > 0, all[0].revents != 0 {
            tokend_interrupts_clear(interrupts)
            return .interrupted
        }
        return count == 0 && deadline.isOver ? .late : .ready
    }

    /// Waits for one descriptor to become readable, or to end.
    func wait(for descriptor: Int32, until deadline: Deadline) -> Awakening {
        while true {
            var polls = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
            let awakening = wait(&polls, until: deadline)
            if awakening != .ready || polls[0].revents != 0 { return awakening }
        }
    }
}
