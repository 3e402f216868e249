internal import ErpNet
internal import NIOCore
internal import NIOHTTP1

/// One request and its answer, whole or bent as a fault says.
struct HTTPExchange: Sendable {
    let channel: any Channel
    let outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    let simulator: Simulator
    let request: Request
    let listener: ListenerKind
    let connection: Int
    let keepsAlive: Bool

    /// Whether the connection goes on.
    func run() async -> Bool {
        let course = await simulator.arrive(request, listener: listener, connection: connection)
        do {
            let (outcome, goesOn) = try await carryOut(course)
            await simulator.finish(course, request.route, outcome)
            return goesOn
        } catch {
            await simulator.finish(course, request.route, .init(reply: nil, delivery: "gone"))
            return false
        }
    }

    private func carryOut(_ course: Identity.Course) async throws -> (AuditEntry.Outcome, goesOn: Bool) {
        try await pause(course.fault?.delay)
        if course.fault?.kind == .hang { try await park(course) }
        if let ending = course.fault?.dropBefore {
            try await end(ending, course)
            return (.init(reply: nil, delivery: "dropped"), false)
        }
        let reply = await simulator.answer(request, under: course.fault)
        try await pause(course.fault?.hold)
        return try await deliver(reply, course)
    }

    private func deliver(_ reply: Reply, _ course: Identity.Course) async throws -> (AuditEntry.Outcome, goesOn: Bool) {
        switch course.fault?.delivery ?? .whole {
        case .whole:
            let serverKeeps = await simulator.keepsConnections
            let goesOn = keepsAlive && serverKeeps
            try await whole(reply, goesOn: goesOn)
            return (.init(reply: reply, delivery: "whole"), goesOn)
        case .half(let ending):
            try await half(reply)
            try await end(ending, course)
            return (.init(reply: reply, delivery: "half"), false)
        case .drip(let seconds):
            try await drip(reply, every: seconds)
            return (.init(reply: reply, delivery: "drip"), false)
        case .endless:
            try await endless(reply)
            return (.init(reply: reply, delivery: "endless"), false)
        case .none(let ending):
            try await end(ending, course)
            return (.init(reply: reply, delivery: "dropped"), false)
        }
    }

    /// Waits until the fault is released. Throws when the client leaves first.
    func park(_ course: Identity.Course) async throws {
        let (released, release) = AsyncStream<Never>.makeStream()
        channel.closeFuture.whenComplete { _ in release.finish() }
        await simulator.park(course, release)
        for await _ in released {}
        guard channel.isActive else { throw ChannelError.alreadyClosed }
    }

    private func pause(_ seconds: Double?) async throws {
        guard let seconds, seconds > 0 else { return }
        try await Task.sleep(for: .seconds(seconds))
    }
}
