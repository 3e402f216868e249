import Glibc
import Synchronization

/// Names that end in ".hang": from `init` to `release` their lookup does not return.
///
/// The test program's own `getaddrinfo` stands before glibc's, for libcurl too; it waits, or asks the real one.
final class HangingNames: Sendable {
    private static let present = Mutex<HangingNames?>(nil)

    private let gate: (read: CInt, write: CInt)
    private let names = Mutex<[String]>([])
    private let asked: AsyncStream<String>
    private let ask: AsyncStream<String>.Continuation

    init() {
        var ends: [CInt] = [-1, -1]
        pipe(&ends)
        gate = (ends[0], ends[1])
        (asked, ask) = AsyncStream.makeStream()
        Self.present.withLock { $0 = self }
    }

    /// Every lookup begun so far; none has ended before `release`.
    var lookups: [String] { names.withLock { $0 } }

    /// Waits until so many lookups more have begun.
    func begun(_ count: Int) async { for await _ in asked.prefix(count) {} }

    func release() { close(gate.write) }

    fileprivate static func wait(_ name: String) {
        guard let names = present.withLock({ $0 }) else { return }
        names.names.withLock { $0.append(name) }
        names.ask.yield(name)
        var closed = pollfd(fd: names.gate.read, events: Int16(POLLIN), revents: 0)
        poll(&closed, 1, -1)
    }
}

private typealias Lookup =
    @convention(c) (
        UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafeRawPointer?, UnsafeMutableRawPointer?
    ) -> CInt

// public: only then does the linker let libcurl see it
@_cdecl("getaddrinfo")
public func hangingLookup(
    _ name: UnsafePointer<CChar>?, _ service: UnsafePointer<CChar>?, _ hints: UnsafeRawPointer?, _ result: UnsafeMutableRawPointer?
) -> CInt {
    if let name, case let text = String(cString: name), text.hasSuffix(".hang") {
        HangingNames.wait(text)
        return EAI_NONAME
    }
    // RTLD_NEXT, a macro that Swift does not see
    guard let next = dlsym(UnsafeMutableRawPointer(bitPattern: -1), "getaddrinfo") else { return EAI_SYSTEM }
    return unsafeBitCast(next, to: Lookup.self)(name, service, hints, result)
}
