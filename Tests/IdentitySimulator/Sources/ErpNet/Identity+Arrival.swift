extension Identity {
    /// What is decided when a request has come in whole, before anything is done about it.
    package struct Course: Sendable {
        package let sequence: Int
        package let client: String?
        package let fault: Fault?
    }

    /// Notes and counts a request, and picks the fault that it meets.
    /// - Parameter wall: Unix seconds of the machine's clock.
    package mutating func arrive(_ request: Request, _ arrival: Arrival, wall: Int) -> Course {
        let client = registeredClient(of: request)
        let fault = faults.take(for: request, client: client)
        let time = clock.now(wall: wall)
        let entry = audit.append { sequence in
            AuditEntry(request, sequence: sequence, arrival: arrival, time: time, client: client, fault: fault)
        }
        counters.add("requests")
        counters.add(request.route.rawValue + "-requests", client: client)
        if fault != nil { counters.add("faults-met", client: client) }
        return Course(sequence: entry.sequence, client: client, fault: fault)
    }

    /// Notes how a request ended, and returns its entry for the log file.
    package mutating func finish(_ course: Course, _ route: Route, _ outcome: AuditEntry.Outcome) -> AuditEntry? {
        counters.add("finished")
        counters.add(route.rawValue + "-finished", client: course.client)
        return audit.finish(course.sequence, outcome)
    }

    /// Notes that a client left before it had everything, and returns its entry for the log file.
    package mutating func leave(_ course: Course, _ route: Route) -> AuditEntry? {
        counters.add("gone", client: course.client)
        let outcome = audit.entries.last { $0.sequence == course.sequence }?.outcome
        guard let outcome else { return finish(course, route, .init(reply: nil, delivery: "gone")) }
        return audit.finish(course.sequence, outcome.interrupted)
    }

    /// The client that a request names, if it exists; an unknown name is not repeated, since it may be anything.
    func registeredClient(of request: Request) -> String? {
        if let id = request.queryForm?["client_id"], request.route == .authorize { return application(id)?.applicationUri }
        let presented = request.form.flatMap { try? PresentedClient(request, form: $0) }
        return presented.flatMap { application($0.id)?.applicationUri }
    }
}
