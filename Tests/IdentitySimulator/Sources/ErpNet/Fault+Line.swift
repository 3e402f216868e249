extension Fault {
    /// Parses `fault TARGET KIND [option=value]…`.
    init(_ line: ControlLine, id: Int) throws(ControlError) {
        guard line.words.count == 2 else { throw ControlError("fault TARGET KIND [option=value]…") }
        self.id = id
        target = try FaultTarget(line.words[0], client: line["client"], grantType: line["grant"])
        word = line.words[1]
        delay = try line.seconds("delay") ?? 0
        hold = try line.seconds("hold") ?? 0
        remaining = try Self.times(line)
        kind = try Self.kind(word, line)
    }

    private static let common = ["times", "client", "grant", "delay", "hold"]

    private static func times(_ line: ControlLine) throws(ControlError) -> Int? {
        guard let text = line["times"] else { return 1 }
        if text == "forever" { return nil }
        guard let times = Int(text), times > 0 else { throw ControlError("\"times\" is a number from 1 or forever, not \"\(text)\"") }
        return times
    }

    private static func kind(_ word: String, _ line: ControlLine) throws(ControlError) -> Kind {
        switch word {
        case "slow": try plain(line, .slow)
        case "hang": try plain(line, .hang)
        case "endless-body": try plain(line, .endlessBody)
        case "status": try status(line)
        case "redirect": try redirect(line)
        case "quirk": try quirk(line)
        case "reset": .drop(.reset, try moment(line))
        case "close": .drop(.close, try moment(line))
        case "half-body": .halfBody(try ending(line))
        case "slow-body": try slowBody(line)
        default:
            throw ControlError(
                "no fault \"\(word)\"; it is slow, hang, status, redirect, quirk, reset, close, half-body, slow-body or endless-body")
        }
    }

    private static func plain(_ line: ControlLine, _ kind: Kind) throws(ControlError) -> Kind {
        try own(line, [])
        return kind
    }

    private static func status(_ line: ControlLine) throws(ControlError) -> Kind {
        try own(line, ["code", "retry-after", "error", "description"])
        guard let code = try line.number("code"), (200...599).contains(code) else {
            throw ControlError("\"status\" needs code=200 to code=599")
        }
        return .status(
            code, retryAfter: line["retry-after"].flatMap(RetryAfter.init), error: line["error"],
            description: line["description"])
    }

    private static func redirect(_ line: ControlLine) throws(ControlError) -> Kind {
        try own(line, ["code", "to"])
        let code = try line.number("code") ?? 302
        guard (300...399).contains(code) else { throw ControlError("\"redirect\" takes code=300 to code=399") }
        return .redirect(code, to: line["to"])
    }

    private static func quirk(_ line: ControlLine) throws(ControlError) -> Kind {
        var quirks: [Quirk] = []
        for option in line.options where !common.contains(option.name) {
            quirks.append(try Quirk(option.name, option.value))
        }
        guard !quirks.isEmpty else { throw ControlError("\"quirk\" needs at least one \(Quirk.names)") }
        return .quirk(quirks)
    }

    private static func slowBody(_ line: ControlLine) throws(ControlError) -> Kind {
        try own(line, ["every"])
        return .slowBody(every: try line.seconds("every") ?? 0.1)
    }

    private static func moment(_ line: ControlLine) throws(ControlError) -> Moment {
        try own(line, ["when"])
        guard let moment = Moment(rawValue: line["when"] ?? "before") else { throw ControlError("\"when\" is before or after") }
        return moment
    }

    private static func ending(_ line: ControlLine) throws(ControlError) -> Ending {
        try own(line, ["then"])
        guard let ending = Ending(rawValue: line["then"] ?? "close") else { throw ControlError("\"then\" is close, reset or hang") }
        return ending
    }

    private static func own(_ line: ControlLine, _ names: [String]) throws(ControlError) {
        guard let other = line.options.first(where: { !(common + names).contains($0.name) }) else { return }
        throw ControlError("this fault has no option \"\(other.name)\"")
    }
}

extension Fault {
    package var json: JSON {
        [
            "fault": .number(id), "target": .string(target.description), "kind": .string(word),
            "client": target.client.map { .string($0) } ?? .null, "remaining": remaining.map { .number($0) } ?? "forever",
        ]
    }
}
