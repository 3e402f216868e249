extension Identity {
    /// Executes a control command that concerns only the instance.
    /// - Parameter wall: the machine's clock in seconds since the epoch.
    /// - Returns: the answer without its `ok`; `nil` for another verb.
    package mutating func perform(_ line: ControlLine, wall: Int) throws -> JSON? {
        switch line.verb {
        case "knob": try knob(line)
        case "metadata": try metadata(line)
        case "fault": try ["fault": .number(faults.add(line))]
        case "faults": try list(line) { ["faults": .array($0.faults.faults.map(\.json))] }
        case "counters": try countersVerb(line)
        case "audit": try auditVerb(line)
        case "clock": try clockVerb(line, wall: wall)
        case "keys": try keysVerb(line)
        case "app": try app(line)
        case "grants": try grantsVerb(line, now: clock.now(wall: wall))
        case "grant": try grantVerb(line, now: clock.now(wall: wall))
        case "device": try deviceVerb(line, now: clock.now(wall: wall))
        case "sessions": try sessionsVerb(line)
        case "session": try sessionVerb(line)
        case "password": try password(line)
        case "id-token": try idTokenVerb(line)
        case "reference": try reference(line, now: clock.now(wall: wall))
        case "secrets": try secretsVerb(line, now: clock.now(wall: wall))
        case "licences": try licencesVerb(line, now: clock.now(wall: wall))
        default: nil
        }
    }

    private func list(_ line: ControlLine, _ show: (Identity) -> JSON) throws(ControlError) -> JSON {
        try line.allowOptions()
        return show(self)
    }

    /// `knob`, `knob NAME`, `knob NAME VALUE`, `knob reset`
    private mutating func knob(_ line: ControlLine) throws(ControlError) -> JSON {
        switch line.words.count {
        case 0: return ["knobs": knobs.values]
        case 1 where line.words[0] == "reset": resetKnobs()
        case 1:
            guard let value = knobs.values[line.words[0]] else {
                throw ControlError("no knob \"\(line.words[0])\"; \"knob\" shows them all")
            }
            return ["value": value]
        case 2:
            if line.words[0] == "auto-login", line.words[1] != "off", person(line.words[1])?.password == nil {
                throw ControlError("\"auto-login\" is off or the login of a person, not \"\(line.words[1])\"")
            }
            try knobs.turn(line.words[0], to: line.words[1])
        default: throw ControlError("knob [NAME [VALUE]]")
        }
        return [:]
    }

    /// `metadata set MEMBER JSON`, `metadata remove MEMBER`, `metadata reset`
    private mutating func metadata(_ line: ControlLine) throws(ControlError) -> JSON {
        switch (line.words.first, line.words.count) {
        case ("set", 2...): metadataChanges[line.words[1]] = .some(.verbatim(line.remainder(after: 3)))
        case ("remove", 2): metadataChanges[line.words[1]] = .some(nil)
        case ("reset", 1): metadataChanges = [:]
        default: throw ControlError("metadata set MEMBER JSON, metadata remove MEMBER, or metadata reset")
        }
        return [:]
    }

    /// `counters`, `counters reset`
    private mutating func countersVerb(_ line: ControlLine) throws(ControlError) -> JSON {
        try line.allowOptions()
        if line.words == ["reset"] { counters = Counters() }
        return ["counters": counters.json]
    }

    /// `audit [since=SEQ] [route=ROUTE] [client=ID]`, `audit reset`
    private mutating func auditVerb(_ line: ControlLine) throws(ControlError) -> JSON {
        try line.allowOptions("since", "route", "client")
        if line.words == ["reset"] { audit = AuditLog(from: audit.nextEntry) }
        let since = try line.number("since") ?? 0
        let entries = audit.entries.filter { entry in
            entry.sequence > since && (line["route"].map { $0 == entry.route.rawValue } ?? true)
                && (line["client"].map { $0 == entry.client } ?? true)
        }
        return ["entries": .array(entries.map(\.json))]
    }

    /// `clock`, `clock advance SECONDS`, `clock set UNIX`, `clock reset`
    private mutating func clockVerb(_ line: ControlLine, wall: Int) throws(ControlError) -> JSON {
        switch (line.words.first, line.words.last.flatMap { Int($0) }) {
        case (nil, _): break
        case ("advance", let seconds?): clock.advance(by: seconds)
        case ("set", let time?): clock.set(to: time, wall: wall)
        case ("reset", nil): clock = SimulatedClock()
        default: throw ControlError("clock, clock advance SECONDS, clock set UNIX-SECONDS, or clock reset")
        }
        return ["now": .number(clock.now(wall: wall)), "offset": .number(clock.offset)]
    }

    /// `licences`, `licences reset`
    private mutating func licencesVerb(_ line: ControlLine, now: Int) throws(ControlError) -> JSON {
        try line.allowOptions()
        if line.words == ["reset"] { licences = LicencePool() }
        return [
            "slots": .number(knobs.licences), "in_use": .number(licences.inUse(now: now)),
            "opened": .number(licences.opened), "refused": .number(licences.refused),
        ]
    }
}
