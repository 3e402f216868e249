internal import OAuth
internal import TokenLedger

/// The authorization servers that plans have led to, one entry for each way of reaching one, and who waits for their metadata.
struct MetadataCaches {
    private struct Entry {
        var known: MetadataCache
        var waiting: [UInt64] = []
        /// Of the discovery that is under way. Those who join it later have later deadlines than the plan that began it.
        var deadline: Int64 = 0
    }

    /// What a flight does next.
    enum Answer {
        case ready(ServerMetadata)
        case underway
        case send(EndpointRequest, before: Int64)
        case failed(ExchangeFailure)
    }

    enum Progress {
        case send(EndpointRequest, before: Int64)
        case settled(Result<ServerMetadata, ExchangeFailure>, waiting: [UInt64])
    }

    private var entries: [ServerSettings: Entry] = [:]

    /// Metadata for a flight, or its place among those who wait.
    mutating func ask(for flight: Flight, at now: Moment) -> Answer {
        var entry = entries[flight.settings] ?? Entry(known: MetadataCache(flight.settings))
        defer { entries[flight.settings] = entry }
        switch entry.known.ask(needing: flight.neededEndpoints, at: now.seconds) {
        case .ready(let metadata): return .ready(metadata)
        case .failed(let failure): return .failed(failure)
        case .underway:
            entry.waiting.append(flight.id)
            return .underway
        case .send(let request):
            entry.waiting.append(flight.id)
            // where old metadata serve instead, a discovery that hangs leaves time for what they are needed for
            let left = flight.deadline - now.boot
            entry.deadline = now.boot + (entry.known.hasMetadata ? left / 3 : left)
            return .send(request, before: entry.deadline)
        }
    }

    mutating func receive(_ result: EndpointResult, from settings: ServerSettings, at now: Moment) -> Progress {
        guard var entry = entries[settings] else {
            return .settled(.failure(ExchangeFailure(law: .unsent, reach: .credential, text: "the server was forgotten")), waiting: [])
        }
        defer { entries[settings] = entry }
        switch entry.known.receive(result, at: now.seconds, wall: now.wall) {
        case .send(let request):
            return .send(request, before: entry.deadline)
        case .settled(let result):
            defer { entry.waiting = [] }
            return .settled(result, waiting: entry.waiting)
        }
    }

    /// `true` if the next to ask has metadata fetched anew.
    mutating func invalidate(_ settings: ServerSettings, at now: Moment) -> Bool {
        entries[settings]?.known.invalidate(at: now.seconds) ?? false
    }

    /// A discovery that is under way is new enough, and goes on.
    mutating func forget(_ settings: ServerSettings) {
        entries[settings]?.known.forget()
        if entries[settings]?.waiting.isEmpty == true { entries[settings] = nil }
    }
}

extension MetadataCaches {
    var count: Int { entries.count }

    mutating func forget(except wanted: Set<ServerSettings>) {
        entries = entries.filter { wanted.contains($0.key) || !$0.value.waiting.isEmpty }
    }
}

extension Moment {
    var seconds: Int64 { boot / 1_000_000_000 }
}
