internal import ErpNet
internal import NIOCore

/// The verbs of the control socket.
struct Control: Sendable {
    let simulator: Simulator
    let listeners: Listeners
    /// The content of `idp.json`.
    let description: JSON

    /// Executes one line and returns one line of JSON without its line end.
    func answer(_ text: String) async -> String {
        do {
            let line = try ControlLine(text)
            let answer = try await perform(line)
            return JSON.object([.init(name: "ok", value: true)] + answer.members).description
        } catch {
            return JSON.object([.init(name: "ok", value: false), .init(name: "error", value: .string("\(error)"))]).description
        }
    }

    private func perform(_ line: ControlLine) async throws -> JSON {
        switch line.verb {
        case "ping": return [:]
        case "help": return ["verbs": JSON(Self.verbs)]
        case "idp": return ["idp": description]
        case "await": return try await awaitCounter(line)
        case "clear": return await simulator.clear(try faults(line))
        case "release": return ["released": .number(await simulator.release(try faults(line)))]
        case "reset":
            await simulator.reset()
            return [:]
        case "listener": return try await listener(line)
        case "listeners": return ["listeners": .array(await listeners.all.map(\.json))]
        default:
            guard let answer = try await simulator.perform(line) else {
                throw ControlError("no verb \"\(line.verb)\"; \"help\" lists them")
            }
            return answer
        }
    }

    /// `await COUNTER COUNT [timeout=SECONDS]`
    private func awaitCounter(_ line: ControlLine) async throws -> JSON {
        try line.allowOptions("timeout")
        guard line.words.count == 2, let count = Int(line.words[1]) else { throw ControlError("await COUNTER COUNT [timeout=SECONDS]") }
        let seconds = try line.seconds("timeout") ?? 30
        let shown = await simulator.reach(line.words[0], count, within: seconds)
        guard shown >= count else { throw ControlError("timeout: \"\(line.words[0])\" is \(shown) after \(seconds) s") }
        return ["count": .number(shown)]
    }

    /// All faults, the fault with a number, or the faults of a target.
    private func faults(_ line: ControlLine) throws(ControlError) -> @Sendable (Fault) -> Bool {
        try line.allowOptions()
        guard line.words.count <= 1 else { throw ControlError("\(line.verb) [NUMBER or TARGET]") }
        guard let word = line.words.first else { return { _ in true } }
        if let number = Int(word) { return { $0.id == number } }
        return { $0.target.description == word }
    }

    /// `listener KIND`, `listener stop PORT`
    private func listener(_ line: ControlLine) async throws -> JSON {
        try line.allowOptions()
        if line.words.count == 2, line.words[0] == "stop", let port = Int(line.words[1]) {
            try await listeners.stop(port)
            return [:]
        }
        guard line.words.count == 1, let kind = ListenerKind(rawValue: line.words[0]), kind != .main else {
            let kinds = ListenerKind.allCases.filter { $0 != .main }.map(\.rawValue).joined(separator: ", ")
            throw ControlError("listener KIND, or listener stop PORT; a kind is one of \(kinds)")
        }
        return try await listeners.start(kind).json
    }

    private static let verbs = [
        "app", "audit", "await", "clear", "clock", "counters", "device", "fault", "faults", "grant", "grants", "help", "id-token", "idp", "keys",
        "knob", "licences", "listener", "listeners", "metadata", "password", "ping", "reference", "release", "reset", "secrets",
        "session", "sessions",
    ]
}

extension HTTPListener {
    var json: JSON {
        [
            "kind": .string(kind.rawValue), "port": .number(port), "erpnet": .string(site.root), "issuer": .string(site.issuer),
        ]
    }
}
