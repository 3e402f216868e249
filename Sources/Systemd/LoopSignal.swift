internal import CShims
internal import CSystemd

/// Delivers one signal as a call on the loop.
@MainActor
final class LoopSignal {
    private let fire: @MainActor () -> Void
    private var source: OpaquePointer?

    init(_ number: Int32, _ sdEvent: SDEventSource, _ fire: @escaping @MainActor () -> Void) throws(SystemError) {
        self.fire = fire
        _ = try SystemError.check(tokend_block_signal(number), "cannot block signal \(number)")
        let result = sd_event_add_signal(
            sdEvent.event, &source, number, LoopSignal.arrived, Unmanaged.passUnretained(self).toOpaque())
        _ = try SystemError.check(result, "cannot receive signal \(number)")
        sdEvent.needsRun = true
    }

    isolated deinit { sd_event_source_disable_unref(source) }

    private static let arrived: sd_event_signal_handler_t = { _, _, userdata in
        guard let userdata else { return 0 }
        let signal = Unmanaged<LoopSignal>.fromOpaque(userdata).takeUnretainedValue()
        MainActor.assumeIsolated { signal.fire() }
        return 0
    }
}
