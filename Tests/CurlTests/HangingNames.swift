import Glibc
import Synchronization

/// Names that end in ".hang": their lookup does not return between `init` and `release`.
///
/// The `getaddrinfo` of the test program takes precedence over glibc's, also in libcurl. It waits, or calls glibc's.
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

    /// The names whose lookup has started. None returns before `release`.
    var lookups: [String] { names.withLock { $0 } }

    /// Waits until `count` more lookups have started.
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

// public, so that libcurl can link to it
@_cdecl("getaddrinfo")
public func hangingLookup(
    _ name: UnsafePointer<CChar>?, _ service: UnsafePointer<CChar>?, _ hints: UnsafeRawPointer?, _ result: UnsafeMutableRawPointer?
) -> CInt {
    if let name, case let text = String(cString: name), text.hasSuffix(".hang") {
        HangingNames.wait(text)
        return EAI_NONAME
    }
    // RTLD_NEXT, a macro that Swift does not import
    guard let next = dlsym(UnsafeMutableRawPointer(bitPattern: -1), "getaddrinfo") else { return EAI_SYSTEM }
    return unsafeBitCast(next, to: Lookup.self)(name, service, hints, result)
}
