internal import Secrets
internal import Systemd
internal import TokenLedger

/// Something that is done in slices, in turn with what others want done.
protocol Work: AnyObject {
    func resume()
}

/// What all connections share: one room to read into, one buffer to write from, the pools they take their shares of, and the order in which
/// they get the time of the loop.
///
/// A session works at once while the turn is young and nobody waits. Otherwise it waits for its slice, in turn by whom it is for: what one
/// caller asks for keeps another waiting for a slice or two, however many connections and lines it is.
final class Desk {
    let loop: Loop
    /// Of the configuration in force.
    var limits: Limits { didSet { (places.bounds, buffers.bounds) = (limits.places, limits.bytes) } }
    /// Received bytes; good until the next receive.
    let room: UnsafeMutableRawBufferPointer
    /// What the session at work is saying; empty between turns.
    let scratch = SecretBuffer(capacity: 16 * 1024)
    let turnedAway: TurnedAway
    private var places: FairPool
    private var buffers: FairPool
    private var sessions: [Share: [ObjectIdentifier: Session]] = [:]
    private var queue = RunQueue<any Work>()
    private var turn = UInt64.max
    /// CLOCK_BOOTTIME as it was last read, and when the turn and the slice of the session at work are over.
    private var time: Int64
    private var turnEnd: Int64
    private var sliceEnd: Int64

    /// What one receive can bring.
    static let roomSize = 64 * 1024
    /// Nanoseconds. A turn begins no more work at once after so long, and accepts no more connections.
    private static let longestTurn: Int64 = 200_000
    private static let longestAcceptance: Int64 = 500_000
    /// A session has so long before others are heard.
    private static let longestSlice: Int64 = 25_000
    private static let longestService: Int64 = 100_000

    private static let emptyShares = 64

    init(loop: Loop, limits: Limits) throws(SystemError) {
        self.loop = loop
        self.limits = limits
        room = .allocate(byteCount: Self.roomSize, alignment: 16)
        places = FairPool(limits.places)
        buffers = FairPool(limits.bytes)
        (time, turnEnd, sliceEnd) = (loop.now, 0, 0)
        turnedAway = try TurnedAway(loop)
    }

    isolated deinit { room.deallocate() }

    // MARK: time

    /// Whether a session may work at once; then its slice begins.
    @inline(__always)
    func begins() -> Bool {
        if turn != loop.turns { beginTurn() }
        guard queue.isEmpty, time < turnEnd else { return false }
        sliceEnd = time + Self.longestSlice
        return true
    }

    /// Whether the session at work has had its slice. Reads the clock.
    func isSliceOver() -> Bool {
        time = Clock.boottime()
        return time >= sliceEnd
    }

    /// Whether this turn accepts one more connection. Reads the clock.
    func mayAccept() -> Bool {
        if turn != loop.turns { beginTurn() }
        time = Clock.boottime()
        return time < loop.now + Self.longestAcceptance
    }

    private func beginTurn() {
        turn = loop.turns
        time = loop.now
        turnEnd = time + Self.longestTurn
    }

    /// Puts work where it waits for its slice.
    func postpone(_ work: any Work, for share: Share) { queue.append(work, for: share) }

    /// Gives slices to those who wait: one, or for as long as the turn has taken so far, within bounds. New connections come first, for nobody can tell
    /// whose they are before they are accepted. To be called once a turn, when everything that has come is known.
    func serve() {
        guard !queue.isEmpty else { return }
        time = Clock.boottime()
        let end = time + min(max(Self.longestSlice, time - loop.now), Self.longestService)
        repeat {
            guard let work = queue.next() else { return }
            sliceEnd = time + Self.longestSlice
            work.resume()
            time = Clock.boottime()
        } while time < end
        if !queue.isEmpty { loop.skipNextWait() }
    }

    // MARK: places

    /// Takes a place for a connection; `false` if its share is used up. For want of room whoever holds most loses one.
    func admits(_ share: Share) -> Bool {
        while true {
            switch places.claim(for: share) {
            case .granted: return true
            case .refused: return false
            case .takeFrom(let victim):
                // the count is ours and so are the sessions: there is one
                guard let session = idlest(of: victim) else { return false }
                session.giveWay()
            }
        }
    }

    /// Gives back a place that no session came to hold.
    func forgoes(_ share: Share) { places.release(of: share) }

    func began(_ session: Session) { sessions[session.share, default: [:]][ObjectIdentifier(session)] = session }

    func ended(_ session: Session) {
        buffers.release(session.heldBytes, of: session.share)
        places.release(of: session.share)
        sessions[session.share]?[ObjectIdentifier(session)] = nil
        // those of a few who come and go stay, so that nothing is allocated each time
        if sessions.count > Self.emptyShares, sessions[session.share]?.isEmpty == true { sessions[session.share] = nil }
    }

    /// Of those of a share the one that misses least: it waits for nothing, and has been silent for longest.
    private func idlest(of share: Share) -> Session? {
        sessions[share]?.values.min { ($0.isWaiting ? 1 : 0, $0.lastActivity) < ($1.isWaiting ? 1 : 0, $1.lastActivity) }
    }

    // MARK: bytes

    /// Notes how many bytes a session keeps; `false` when it is to go. For want of room whoever keeps most loses.
    func holds(_ session: Session, bytes: Int) -> Bool {
        guard bytes > session.heldBytes else {
            buffers.release(session.heldBytes - bytes, of: session.share)
            return true
        }
        while true {
            switch buffers.claim(bytes - session.heldBytes, for: session.share) {
            case .granted: return true
            case .refused: return false
            case .takeFrom(let victim):
                guard let most = sessions[victim]?.values.max(by: { $0.heldBytes < $1.heldBytes }) else { return false }
                most.close()
            }
        }
    }
}

extension Limits {
    fileprivate var places: FairPool.Bounds {
        FairPool.Bounds(capacity: connections, perHolder: connectionsPerUID, strangers: strangers, perStranger: strangersPerUID)
    }

    /// Each connection that one stranger may have can fill its buffers; all strangers together have an eighth.
    fileprivate var bytes: FairPool.Bounds {
        let ofOne = strangersPerUID * (waitingOutput + Desk.roomSize)
        return FairPool.Bounds(capacity: buffers, strangers: max(buffers / 8, ofOne), perStranger: ofOne)
    }
}
