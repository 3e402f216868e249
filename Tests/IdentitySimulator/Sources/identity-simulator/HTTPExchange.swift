internal import ErpNet
internal import NIOCore
internal import NIOHTTP1

/// One request and its response, possibly changed by a fault.
struct HTTPExchange: Sendable {
    let channel: any Channel
    let outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    let simulator: Simulator
    let request: Request
    let listener: ListenerKind
    let connection: Int
    let keepsAlive: Bool

    /// Whether the connection continues.
    func run() async -> Bool {
        let course = await simulator.arrive(request, listener: listener, connection: connection)
        do {
            return try await carryOut(course)
        } catch {
            await simulator.leave(course, request.route)
            return false
        }
    }

    private func carryOut(_ course: Identity.Course) async throws -> Bool {
        try await pause(course.fault?.delay)
        if course.fault?.kind == .hang { try await park(course) }
        if let ending = course.fault?.dropBefore {
            await finish(course, nil, "dropped")
            try await end(ending, course)
            return false
        }
        let reply = await simulator.answer(request, under: course.fault)
        try await pause(course.fault?.hold)
        return try await deliver(reply, course)
    }

    /// The result is logged before the response is sent, so that the next request finds it.
    private func deliver(_ reply: Reply, _ course: Identity.Course) async throws -> Bool {
        let delivery = course.fault?.delivery ?? .whole
        await finish(course, reply, delivery.word)
        switch delivery {
        case .whole:
            let serverKeeps = await simulator.keepsConnections
            try await whole(reply, goesOn: keepsAlive && serverKeeps)
            return keepsAlive && serverKeeps
        case .half(let ending):
            try await half(reply)
            try await end(ending, course)
        case .drip(let seconds): try await drip(reply, every: seconds)
        case .endless: try await endless(reply)
        case .none(let ending): try await end(ending, course)
        }
        return false
    }

    private func finish(_ course: Identity.Course, _ reply: Reply?, _ delivery: String) async {
        await simulator.finish(course, request.route, .init(reply: reply, delivery: delivery))
    }

    /// Waits until the fault is released. Throws if the client disconnects first.
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
