extension Identity {
    /// The decisions about a complete request before it is processed.
    package struct Course: Sendable {
        package let sequence: Int
        package let client: String?
        package let fault: Fault?
    }

    /// Logs and counts a request, and chooses its fault.
    /// - Parameter wall: the machine's clock in seconds since the epoch.
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

    /// Records the result of a request, and returns its entry for the log file.
    package mutating func finish(_ course: Course, _ route: Route, _ outcome: AuditEntry.Outcome) -> AuditEntry? {
        counters.add("finished")
        counters.add(route.rawValue + "-finished", client: course.client)
        return audit.finish(course.sequence, outcome)
    }

    /// Records that a client left before the response was complete, and returns its entry for the log file.
    package mutating func leave(_ course: Course, _ route: Route) -> AuditEntry? {
        counters.add("gone", client: course.client)
        let outcome = audit.entries.last { $0.sequence == course.sequence }?.outcome
        guard let outcome else { return finish(course, route, .init(reply: nil, delivery: "gone")) }
        return audit.finish(course.sequence, outcome.interrupted)
    }

    /// The client of a request, if it is registered. An unknown id is not logged, because it could be anything.
    func registeredClient(of request: Request) -> String? {
        if let id = request.queryForm?["client_id"], request.route == .authorize { return application(id)?.applicationUri }
        let presented = request.form.flatMap { try? PresentedClient(request, form: $0) }
        return presented.flatMap { application($0.id)?.applicationUri }
    }
}
