internal import OAuth
internal import TokenLedger

/// The keys that authorization servers sign with, one entry for each way of reaching one, and who waits for them.
struct JWKSCaches {
    private struct Entry {
        var known = JWKSCache()
        var waiting: [UInt64] = []
    }
    private var entries: [ServerSettings: Entry] = [:]

    /// Keys for a flight, or its place among those who wait.
    mutating func ask(for flight: Flight, at url: HTTPSURL, now: Moment) -> JWKSCache.Answer {
        let answer = entries[flight.settings, default: Entry()].known.ask(at: url, now: now.seconds)
        switch answer {
        case .ready: break
        case .underway, .send: entries[flight.settings]?.waiting.append(flight.id)
        }
        return answer
    }

    /// Fresh ones, without asking anybody.
    func atHand(_ settings: ServerSettings, at url: HTTPSURL, now: Moment) -> JWKSet? {
        // a copy is asked, which remembers nothing
        guard var known = entries[settings]?.known, case .ready(let set) = known.ask(at: url, now: now.seconds) else { return nil }
        return set
    }

    /// What to send so that they are at hand soon; `nil` when they are, or are on their way.
    mutating func warm(_ settings: ServerSettings, at url: HTTPSURL, now: Moment) -> EndpointRequest? {
        guard case .send(let request) = entries[settings, default: Entry()].known.ask(at: url, now: now.seconds) else { return nil }
        return request
    }

    mutating func receive(
        _ result: EndpointResult, from settings: ServerSettings, at now: Moment
    ) -> (Result<JWKSet, ExchangeFailure>, waiting: [UInt64]) {
        var entry = entries[settings] ?? Entry()
        let waiting = entry.waiting
        entry.waiting = []
        let keys = entry.known.receive(result, now: now.seconds, wall: now.wall)
        entries[settings] = entry
        return (keys, waiting)
    }

    /// A key was not in the set: `true` if it is worth asking the server again.
    mutating func invalidate(_ settings: ServerSettings, at now: Moment) -> Bool {
        entries[settings, default: Entry()].known.invalidate(now: now.seconds)
    }

    var count: Int { entries.count }

    mutating func forget(except wanted: Set<ServerSettings>) {
        entries = entries.filter { wanted.contains($0.key) || !$0.value.waiting.isEmpty }
    }
}
