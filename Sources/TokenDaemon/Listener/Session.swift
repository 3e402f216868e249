internal import CShims
internal import Glibc
internal import Secrets
internal import Systemd
internal import TokenLedger
internal import TokenWire

/// One connection: lines in, replies out, in order. Knows who is asking and nothing of what is held.
///
/// What it says in one turn is collected on the desk and leaves in one send. Answers that had to wait arrive between turns.
final class Session: ReadinessHandler, Asker, Work {
    let fd: Int32
    private var known: Caller
    private var isKnown = true
    /// Whose places and bytes it takes, and in whose turn it works.
    private(set) var share: Share
    private var isShareKnown = true
    /// How many bytes it is counted with.
    private(set) var heldBytes = 0
    private let keeper: TokenKeeper
    private let desk: Desk
    private var watch: WatchHandle?
    private var wanted = LoopEvents.readable
    private var reader = LineReader()
    private var queue = ReplyQueue()
    private var output = Output()
    private var watching: Watching?
    private let mayGetDescriptors: Bool
    private var isInputOver = false
    /// All that the client will ever have sent has been received.
    private var isRead = false
    private var hasSpoken = false
    /// Nothing more is read; the connection closes when everything is written.
    private var isEnding = false
    private var isClosed = false
    /// Nobody hears an answer any more. What has come whole and changes something is still carried out.
    private var isPeerGone = false
    private var bytesLeftUnheard = Session.mostUnheard
    /// It waits for its slice; and there is something to receive then.
    private var isPostponed = false
    private var hasInput = false
    private let gone: (Session) -> Void
    /// We have ended the input: what has no end is not the client's fault.
    private var isFinished = false
    /// CLOCK_BOOTTIME of the last byte in either direction.
    private(set) var lastActivity: Int64
    /// Since when a begun line has waited for its end, and output for its reader.
    private var begunAt: Int64?
    private var stuckSince: Int64?
    /// How many lines this slice may still take, if its time lasts.
    private var linesLeft = 0

    private static let linesPerSlice = 64
    /// So many lines that cost next to nothing are taken between two looks at the clock.
    private static let linesAtOnce = 16
    /// So many are dropped unread.
    private static let linesUnheardAtOnce = 1_024
    /// Reading so many bytes is worth a look at the clock.
    private static let manyBytes = 4_096
    /// More than the buffers of a socket hold: a client that reads no answers and sends for ever is not listened to for ever.
    private static let mostUnheard = 4 << 20

    private struct Watching {
        var id: UInt64
        /// Its place among the replies: the last one, which is never filled while the watch lasts.
        var number: UInt64
        /// The newest row, while the client has no room for it.
        var unsent: Row?
    }

    init(fd: Int32, caller: Caller, share: Share, keeper: TokenKeeper, desk: Desk, gone: @escaping (Session) -> Void) {
        self.fd = fd
        known = caller
        mayGetDescriptors = tokend_may_get_descriptors(fd) != 0
        self.share = share
        self.keeper = keeper
        self.desk = desk
        self.gone = gone
        lastActivity = desk.loop.now
    }

    /// Whether it is owed something.
    var isWaiting: Bool { !queue.isEmpty || watching != nil }

    var caller: Caller {
        if !isKnown { lookUp() }
        return known
    }

    /// The configuration changes: other groups may matter, the unit, and the share may be another one. It is looked up when it is next needed.
    func forgetCaller() { (isKnown, isShareKnown) = (false, false) }

    private func lookUp() {
        isKnown = true
        guard !isClosed else { return }
        known.groups = peerGroups(of: fd, among: keeper.policy.groups)
        if keeper.policy.asksForUnits { tellUnit() }
    }

    // the number of a connection that is closed may be another's by now

    var unitForTheRecord: CallerUnit { known.unit == .untold && !isClosed ? CallerUnit(peerUnit(of: fd)) : known.unit }

    var processForTheRecord: String { isClosed ? "" : peerName(of: fd) }

    /// Rules that ask for units have come since this caller was let in. One that can no longer be found keeps to user and group rules; it
    /// stays untold where there is nothing left to look with.
    private func tellUnit() {
        guard known.unit == .untold else { return }
        let unit = unitForTheRecord
        known.unit = unit == .failed ? .none : unit
    }

    /// Takes its places and bytes from the share that the configuration in force gives it; `false` if there is no room for it there.
    private func takesItsShare() -> Bool {
        isShareKnown = true
        let next = keeper.policy.share(of: caller)
        guard next != share else { return true }
        guard desk.admits(next) else {
            giveWay()
            return false
        }
        // it may have been the one that had to make room
        guard !isOver else {
            desk.forgoes(next)
            return false
        }
        desk.ended(self)
        (share, heldBytes) = (next, 0)
        desk.began(self)
        settle(output.count > 0 ? .waiting : .empty)
        return !isOver
    }

    func open() throws(SystemError) { watch = try desk.loop.watch(fd, wanted, self) }

    // MARK: in

    func ready(_ events: UInt32) {
        if events & LoopEvents.hangup != 0 { return lose(atOnce: !isPostponed && desk.begins()) }
        if events & LoopEvents.writable != 0 { flush() }
        // what was flushed just now may have let in lines that fill the queue again
        guard events & LoopEvents.readable != 0, wanted & LoopEvents.readable != 0, !isOver else { return }
        if !isPostponed, desk.begins() { return receive() }
        // reported again while it waits for its slice: it would be in every turn
        if isPostponed, hasInput { want(wanted & ~LoopEvents.readable) }
        hasInput = true
        postpone()
    }

    private func receive() {
        guard isShareKnown || takesItsShare(), let base = desk.room.baseAddress else { return }
        let count = receive(into: base)
        if count > 0 {
            lastActivity = desk.loop.now
            hasSpoken = true
            if count > Self.manyBytes { _ = desk.isSliceOver() }
            if watching == nil { read(UnsafeRawBufferPointer(start: base, count: count)) }
            // a token that was brought in, or a code, would lie here until somebody else says as much
            tokend_wipe(base, count)
        } else if count == 0 {
            endInput()
        } else if count != -Int(EAGAIN) {
            close()
        }
    }

    /// As recv(2), with an error in place of -1.
    private func receive(into base: UnsafeMutableRawPointer) -> Int {
        let count = mayGetDescriptors ? tokend_recv(fd, base, desk.room.count) : tokend_recv_bytes(fd, base, desk.room.count)
        if count == 0 { isRead = true }
        return count
    }

    private func read(_ bytes: UnsafeRawBufferPointer) {
        linesLeft = Self.linesPerSlice
        reader.feed(bytes, mayBeLong: mayBeLong, each: take)
        write()
        goOn()
    }

    /// Whether a line of IMPORT or CALLBACK may outgrow the others.
    private func mayBeLong(_ verb: Verb) -> Bool { share.tier != .strangers && keeper.maySignIn(caller) }

    /// One line; `false` when no more is wanted for now.
    private func take(_ event: LineEvent) -> Bool {
        begunAt = nil
        linesLeft -= 1
        switch event {
        case .tooLong:
            say(.refused(keeper.refuseLine(.tooLong, of: self)))
            isEnding = true
        case .line(let line):
            let isRepeat = repeats(line)
            if !isRepeat { handle(line) }
            if !isRepeat || linesLeft % Self.linesAtOnce == 0, desk.isSliceOver() { linesLeft = 0 }
        }
        return !isEnding && watching == nil && linesLeft > 0 && queue.count < desk.limits.pipelined
            && desk.scratch.count < desk.limits.waitingOutput
    }

    /// A line that was answered before, once more: nothing to parse, to authorise or to look up.
    @inline(__always)
    private func repeats(_ line: UnsafeRawBufferPointer) -> Bool {
        if !isKnown { lookUp() }
        guard queue.isEmpty, let reply = keeper.repeated(line, for: known) else { return false }
        reply.write(to: desk.scratch)
        return true
    }

    private func handle(_ line: UnsafeRawBufferPointer) {
        guard isIdentified else { return say(.refused(.noDescriptors)) }
        switch Request.parse(line) {
        case .failure(let refusal): say(.refused(keeper.refuseLine(refusal, of: self)))
        case .success(.quit):
            say(.ok())
            isEnding = true
        case .success(let request): ask(request, line)
        }
    }

    /// Whether rules can be asked about this caller.
    private var isIdentified: Bool {
        guard keeper.policy.asksForUnits else { return true }
        tellUnit()
        if known.unit == .untold { keeper.noteShortage() }
        return known.unit != .untold
    }

    private func ask(_ request: Request, _ line: UnsafeRawBufferPointer) {
        if !queue.isEmpty, request.isLook { return queue.postpone(request) }
        take(request, line, as: queue.open(request))
        drain()
    }

    private func take(_ request: Request, _ line: UnsafeRawBufferPointer? = nil, as number: UInt64) {
        switch keeper.take(request, number, from: self, line: line) {
        case .reply(let reply): queue.answer(number, reply)
        case .later(let waiter): queue.note(number, waiter: waiter)
        case .watching(let id): watching = Watching(id: id, number: number)
        case .listing(let listing): queue.answer(number, listing)
        }
    }

    private func say(_ reply: Reply) {
        queue.answer(queue.open(), reply)
        drain()
    }

    private func endInput() {
        isInputOver = true
        guard watching == nil else { return settle(output.count > 0 ? .waiting : .empty) }
        if reader.hasPartial { say(isFinished ? .refused(.stopping) : .refused(keeper.refuseLine(.unfinished, of: self))) }
        isEnding = true
        write()
    }

    // MARK: out

    /// An answer that had to wait.
    func hear(_ number: UInt64, _ reply: Reply) {
        guard !isOver else { return }
        queue.answer(number, reply)
        drain()
        write()
        writeRow()
        if hasWork { postpone() }
    }

    func movedWait(_ number: UInt64, to waiter: UInt64) { queue.note(number, waiter: waiter) }

    /// A row for the watch. One that has not been sent yet is replaced: only the newest matters.
    func hear(row: Row) {
        guard !isOver, watching != nil else { return }
        watching?.unsent = row
        writeRow()
    }

    /// The watch is over: the rule is gone, or the daemon stops.
    func hearEnd(_ refusal: Refusal) {
        guard !isOver, let number = watching?.number else { return }
        watching = nil
        isEnding = true
        queue.answer(number, .refused(refusal))
        drain()
        write()
    }

    private func drain() {
        var written = 0
        while mayDrain(after: written), let slot = queue.next() {
            written += 1
            switch slot {
            case .listing(let listing):
                if !listing.write(to: desk.scratch, upTo: desk.limits.waitingOutput, isLate: desk.isSliceOver) { return queue.goOn(with: listing) }
            case .answered(let reply): reply.write(to: desk.scratch)
            case .early(let reply, let request):
                if keeper.stillHolds(reply, request, for: caller) { reply.write(to: desk.scratch) } else { take(request, as: queue.reopen()) }
            case .look(let request): queue.goOn(with: keeper.look(request, for: self))
            case .waiting: break
            }
        }
    }

    /// The next replies, or the next page of a listing, wait until what was written has left, and for their time.
    private func mayDrain(after written: Int) -> Bool {
        guard queue.isReady, desk.scratch.count < desk.limits.waitingOutput else { return false }
        if queue.isListing { return output.count == 0 && !desk.isSliceOver() }
        return written == 0 || written % Self.linesAtOnce != 0 || !desk.isSliceOver()
    }

    private func writeRow() {
        guard output.count == 0, queue.count == 1, let row = watching?.unsent else { return }
        watching?.unsent = nil
        row.write(to: desk.scratch)
        write()
    }

    /// Sends what was said in this turn, and decides what is wanted next.
    private func write() {
        guard desk.scratch.count > 0 else { return settle(output.count > 0 ? .waiting : .empty) }
        let progress = output.send(desk.scratch, to: fd)
        desk.scratch.removeAll()
        settle(progress)
    }

    private func flush() {
        let before = output.count
        let progress = output.flush(to: fd)
        if output.count < before {
            lastActivity = desk.loop.now
            stuckSince = nil
        }
        settle(progress)
        guard output.count == 0, !isOver else { return }
        writeRow()
        if hasWork { postpone() }
    }

    private func settle(_ progress: Output.Progress) {
        guard !isOver else { return }
        switch progress {
        case .gone: return lose()
        case .empty: stuckSince = nil
        case .waiting: stuckSince = stuckSince ?? desk.loop.now
        }
        if progress == .empty, isEnding, queue.isEmpty, watching == nil { return close() }
        guard keep(reader.keptCount + output.count) else { return close() }
        // a line that we do not read on is not late
        begunAt = mayRead && reader.hasPartial ? begunAt ?? desk.loop.now : nil
        want((mayRead ? LoopEvents.readable : 0) | (output.count > 0 ? LoopEvents.writable : 0))
    }

    private var mayRead: Bool { !isInputOver && !isEnding && !isPostponed && hasRoom && !reader.hasUnread }

    /// Whether more requests may be taken while these wait.
    private var hasRoom: Bool { output.count < desk.limits.waitingOutput && queue.count < desk.limits.pipelined }

    private func keep(_ bytes: Int) -> Bool {
        guard bytes != heldBytes else { return true }
        guard desk.holds(self, bytes: bytes) else { return false }
        heldBytes = bytes
        return true
    }

    /// Whether there is something to do that waits for nothing but time.
    private var hasWork: Bool {
        guard !isOver else { return isPeerGone && !isClosed }
        if queue.isReady { return output.count == 0 }
        return reader.hasUnread && watching == nil && !isEnding && hasRoom
    }

    /// Goes on with what had to wait: a row, a page, or lines that were read before there was room for their replies. These may leave at
    /// once, and then nothing else would bring us back to the lines behind them.
    private func goOn() {
        if queue.isReady, !isOver {
            drain()
            write()
        }
        if watching != nil, !isOver { return writeRow() }
        while !isOver, reader.hasUnread, watching == nil, !isEnding, hasRoom, linesLeft > 0, !queue.isReady {
            reader.feed(UnsafeRawBufferPointer(start: nil, count: 0), mayBeLong: mayBeLong, each: take)
            write()
        }
        if hasWork { postpone() }
    }

    private func postpone() {
        guard !isPostponed else { return }
        isPostponed = true
        desk.postpone(self, for: share)
    }

    /// Its slice.
    func resume() {
        isPostponed = false
        guard !isOver else { return finishUnheard() }
        linesLeft = Self.linesPerSlice
        if hasInput, mayRead, !queue.isReady { receive() } else { goOn() }
        hasInput = false
        // what was not wanted meanwhile is wanted again
        settle(output.count > 0 ? .waiting : .empty)
    }

    // MARK: a peer that has gone

    private var isOver: Bool { isClosed || isPeerGone }

    /// The peer hears nothing any more. Nothing is answered, and what only asks for something is dropped; but a line that has come whole and
    /// changes something is carried out, for its sender may know no better than that it was sent.
    private func lose(atOnce: Bool = false) {
        guard !isOver else { return }
        isPeerGone = true
        desk.scratch.removeAll()
        keeper.withdraw(queue.waiters)
        queue = ReplyQueue()
        // nothing behind a QUIT or a WATCH is a request
        guard !isEnding, watching == nil else { return close() }
        if atOnce { finishUnheard() }
        guard !isClosed else { return }
        // it would be reported again and again
        if let watch { desk.loop.end(watch) }
        watch = nil
        postpone()
    }

    private func finishUnheard() {
        guard !isClosed, let base = desk.room.baseAddress else { return }
        while !isClosed, !reader.isOver, bytesLeftUnheard > 0 {
            linesLeft = Self.linesUnheardAtOnce
            if reader.hasUnread {
                reader.feed(UnsafeRawBufferPointer(start: nil, count: 0), mayBeLong: mayBeLong, each: takeUnheard)
            } else {
                let count = receive(into: base)
                guard count > 0 else { break }
                bytesLeftUnheard -= count
                reader.feed(UnsafeRawBufferPointer(start: base, count: count), mayBeLong: mayBeLong, each: takeUnheard)
                tokend_wipe(base, count)
            }
            if desk.isSliceOver() {
                _ = keep(reader.keptCount)
                return postpone()
            }
        }
        close()
    }

    private func takeUnheard(_ event: LineEvent) -> Bool {
        linesLeft -= 1
        guard case .line(let line) = event else { return false }
        guard Verb(ofLine: line)?.changesSomething == true else { return linesLeft > 0 }
        if isIdentified, case .success(let request) = Request.parse(line), case .later(let waiter) = keeper.take(request, 0, from: self) {
            keeper.withdraw([waiter])
        }
        return false
    }

    private func want(_ events: UInt32) {
        guard events != wanted, let watch else { return }
        wanted = events
        desk.loop.change(watch, events)
    }

    // MARK: the end

    /// Whether this connection has had its time.
    func overstays(at now: Int64) -> Bool {
        if isPostponed { return false }
        if let begunAt, now - begunAt > .seconds(desk.limits.stalled) { return true }
        if let stuckSince, now - stuckSince > .seconds(desk.limits.stalled) { return true }
        guard queue.isEmpty, watching == nil else { return false }
        return now - lastActivity > .seconds(share.tier == .strangers ? desk.limits.strangerIdle : desk.limits.idle)
    }

    /// The daemon stops: what has come is answered, nothing more is taken. Whoever was accepted a moment ago and has not spoken yet is
    /// left its moment, for no other daemon will hear it; asked again, this one decides anew.
    ///
    /// From here on the kernel lets the client send nothing: a line that it could send has come and is read to its end, and any other
    /// is one that the client knows nobody has seen.
    func finish() {
        guard !isOver, hasSpoken || desk.loop.now - lastActivity > Self.firstWords else {
            if mayRead, !isOver { receive() }
            return
        }
        isFinished = true
        _ = shutdown(fd, Int32(SHUT_RD))
        // what does not fit now is read when this is called again
        for _ in 0..<Self.readingsAtOnce where mayRead && !isOver { receive() }
    }
    private static let readingsAtOnce = 16

    private static let firstWords = Int64.seconds(1)

    func close() {
        guard !isClosed else { return }
        let holdsNoDescriptors = isRead || !mayGetDescriptors
        // what another thread closes a moment later is still under watch until then
        if let watch { if holdsNoDescriptors { desk.loop.endBeforeClose(watch) } else { desk.loop.end(watch) } }
        end()
        if holdsNoDescriptors { _ = Glibc.close(fd) } else { tokend_close_unread(fd) }
    }

    /// Makes room for somebody who holds less; the client is told, unless a line is half-way: what came behind it would be taken for its rest.
    func giveWay() {
        guard !isOver, output.count == 0 else { return close() }
        if let watch { desk.loop.end(watch) }
        keeper.noteLimit(caller)
        end()
        desk.turnedAway.add(fd, .tooManyConnections, for: share)
    }

    private func end() {
        isClosed = true
        watch = nil
        keeper.withdraw(queue.waiters)
        if let watching { keeper.unwatch(watching.id) }
        desk.ended(self)
        gone(self)
    }
}
