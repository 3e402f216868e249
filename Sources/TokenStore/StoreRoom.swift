internal import OpenSSL
internal import Synchronization
internal import Systemd
internal import Threads
internal import TokenLedger
internal import TokenWire

/// What happens on the store's thread.
final class StoreRoom: Sendable {
    private struct Queue {
        var tasks: [StoreTask] = []
        var isWorking = false
        /// Names whose records are to be sealed anew when nothing else is to be done.
        var old: [TokenName] = []
        var resealed = 0
        var isEnding = false
    }

    private enum Work {
        case jobs([StoreTask])
        case reseal(TokenName)
        case resealed(Int)
    }

    // held by the store's thread, and before it exists by the start
    private let files: Mutex<RecordFiles>
    private let queue = Mutex(Queue())
    private let thread: WorkThread
    private let mailbox: Mailbox<StoreMessage>
    private let keyName: String
    private let end: Latch

    /// Jobs that share one sync of the folder: each still waits for the syncs of the others' files.
    private static let jobsAtOnce = 8

    init(_ files: RecordFiles, _ mailbox: Mailbox<StoreMessage>, _ thread: WorkThread = WorkThread(name: "store")) throws(SystemError) {
        self.thread = thread
        do throws(SystemCallFailure) { end = try Latch() } catch { throw SystemError("cannot make a descriptor to wait at", errno: error.errno) }
        keyName = files.sealer.keys.present.map { "\($0.id)" } ?? ""
        self.files = Mutex(files)
        self.mailbox = mailbox
    }

    func load() throws(SystemError) -> StoreContents {
        let contents = try files.withLock { files in
            Result { () throws(SystemError) in try files.load(at: Clock.realtime() / 1_000_000_000) }
        }.get()
        guard !contents.old.isEmpty, !keyName.isEmpty else { return contents }
        begin { $0.old = contents.old }
        return contents
    }

    func perform(_ task: StoreTask) { begin { $0.tasks.append(task) } }

    func drain(within nanoseconds: Int64) -> Bool {
        queue.withLock { $0.isEnding = true }
        // behind everything that was handed over: the thread does one thing after another
        do { try thread.perform { [end] in end.open() } } catch {
            // there is no thread, so nothing is under way
            return true
        }
        return end.wait(nanoseconds)
    }

    private func begin(_ change: (inout Queue) -> Void) {
        let mustStart = queue.withLock { queue in
            change(&queue)
            defer { queue.isWorking = true }
            return !queue.isWorking
        }
        guard mustStart else { return }
        do throws(SystemCallFailure) { try thread.perform { [self] in while let work = next() { perform(work) } } } catch {
            fail(StoreFault("\(SystemError("cannot start a thread", errno: error.errno))"))
        }
    }

    /// The loop does not wait for a disk: without a thread each task fails, and is tried again like any other that failed.
    private func fail(_ fault: StoreFault) {
        let tasks = queue.withLock { queue in
            defer { (queue.tasks, queue.isWorking) = ([], false) }
            return queue.tasks
        }
        for task in tasks { mailbox.send(.report(StoreReport(id: task.id, result: .failure(fault)))) }
    }

    private func next() -> Work? {
        queue.withLock { queue in
            if !queue.tasks.isEmpty { return .jobs(Self.batch(&queue.tasks)) }
            if let name = queue.old.popLast(), !queue.isEnding { return .reseal(name) }
            if queue.resealed > 0 {
                defer { queue.resealed = 0 }
                return .resealed(queue.resealed)
            }
            queue.isWorking = false
            return nil
        }
    }

    /// The first tasks, as far as no name comes twice.
    private static func batch(_ tasks: inout [StoreTask]) -> [StoreTask] {
        var names: Set<TokenName> = []
        let count = tasks.prefix(jobsAtOnce).prefix { names.insert($0.job.name).inserted }.count
        defer { tasks.removeFirst(count) }
        return Array(tasks[..<count])
    }

    private func perform(_ work: Work) {
        switch work {
        case .jobs(let tasks):
            for report in files.withLock({ Self.perform(tasks, on: &$0) }) { mailbox.send(.report(report)) }
        case .reseal(let name):
            reseal(name)
        case .resealed(let count):
            mailbox.send(.note("sealed \(count) record\(count == 1 ? "" : "s") anew with key \(keyName)"))
        }
    }

    private static func perform(_ tasks: [StoreTask], on files: inout RecordFiles) -> [StoreReport] {
        let second = Clock.realtime() / 1_000_000_000
        var reports: [StoreReport] = []
        var done: [StoreJob] = []
        for task in tasks {
            do throws(StoreFault) {
                reports.append(StoreReport(id: task.id, result: .success(()), note: try files.perform(task.job, at: second)))
                done.append(task.job)
            } catch {
                reports.append(StoreReport(id: task.id, result: .failure(error)))
            }
        }
        guard !done.isEmpty else { return reports }
        do throws(StoreFault) {
            try files.sync(after: done)
            return reports
        } catch {
            return reports.map { report in
                guard case .success = report.result else { return report }
                return StoreReport(id: report.id, result: .failure(error), note: report.note)
            }
        }
    }

    /// A record that cannot be sealed anew still opens with the old key: that is said, and tried again at the next start.
    private func reseal(_ name: TokenName) {
        do throws(StoreFault) {
            let isDone = try files.withLock { files in
                Result { () throws(StoreFault) in
                    guard try files.reseal(name) else { return false }
                    try files.sync(after: [])
                    return true
                }
            }.get()
            if isDone { queue.withLock { $0.resealed += 1 } }
        } catch {
            mailbox.send(.note("\(error); the record stays sealed with its old key"))
        }
    }
}
