internal import Systemd

/// Does one thing again and again, for as long as the loop really turns: a stuck loop misses its beats.
final class Heartbeat {
    private var timer: LoopTimer?

    /// Begins at once; `interval` in nanoseconds.
    init(on loop: Loop, every interval: Int64, _ beat: @escaping () -> Void) throws(SystemError) {
        timer = try loop.timer { [unowned self] in
            beat()
            timer?.set(at: loop.now + interval)
        }
        timer?.set(at: loop.now)
    }
}
