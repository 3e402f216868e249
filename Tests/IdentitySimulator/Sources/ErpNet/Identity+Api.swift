extension Identity {
    /// The Domain API: `GET` of an entity requires `read` or `update`, any other method `update`.
    mutating func api(_ request: Request, now: Int) -> Reply {
        do throws(AccessRefusal) {
            let caller = try caller(request, audience: "DomainAPI", now: now)
            let needed = request.method == "GET" ? ["read", "update"] : ["update"]
            guard needed.contains(where: caller.scopes.contains) else { throw .scopeMissing }
            return enter(caller, now: now) ? rows(request, for: caller) : noLicence
        } catch {
            return error.reply(challenge: knobs.apiChallenge == .on)
        }
    }

    /// The Profile site: accepts only tokens of people.
    mutating func me(_ request: Request, now: Int) -> Reply {
        do throws(AccessRefusal) {
            let caller = try caller(request, audience: nil, now: now)
            guard !caller.isService, let person = people.first(where: { $0.login == caller.login }) else { throw .serviceOnly }
            var reply = Reply.json(profile(of: person))
            reply.set("Cache-Control", "no-store")
            return reply
        } catch {
            return error.reply(challenge: knobs.apiChallenge == .on)
        }
    }

    private mutating func enter(_ caller: Caller, now: Int) -> Bool {
        let openedBefore = licences.opened
        let entered = licences.enter(caller.session, service: caller.isService, now: now, slots: knobs.licences)
        if licences.opened > openedBefore { counters.add("sessions-opened") }
        return entered
    }

    private var noLicence: Reply {
        .json(
            [
                "message": "The maximum number of licences is in use (MaximumLicenseCountExceeded).", "code": 0,
                "type": "MaximumLicenseCountExceeded", "info": "",
            ], status: knobs.licenceStatus)
    }

    private func rows(_ request: Request, for caller: Caller) -> Reply {
        let entity = request.path.dropFirst("/api/domain/odata/".count)
        guard request.method == "GET" else { return .nothing(status: 204) }
        return .json([
            "@odata.context": "\(request.site.apiRoot)$metadata#\(entity)",
            "value": [["Id": "2f6b1c9e-7a0d-4b52-8f3e-1c5d7e9a0b64", "Name": "First of \(entity)", "ReadBy": .string(caller.login)]],
        ])
    }

    private func profile(of person: Person) -> JSON {
        [
            "id": .string(person.id), "login": .string(person.login), "name": .string(person.name),
            "userType": .string(person.kind.rawValue), "isAdmin": .boolean(person.isAdmin),
            "instance": ["database": .string(database)],
        ]
    }
}
