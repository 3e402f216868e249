package import TokenWire

/// How often what was decided, since the start: every decision that the audit counts, by what may be told of it without end.
///
/// No name that a caller made up is in it, so that nobody can make it grow: a token is a configured one.
package struct DecisionCounters: Sendable {
    package struct Series: Hashable, Sendable {
        package var event: AuditEvent
        package var token: TokenName?
        package var decision: AuditDecision?

        package init(_ entry: AuditEntry) {
            event = entry.event
            switch entry.event {
            case .handedOut: token = entry.token
            case .refused, .rejected: (token, decision) = (entry.token, entry.decision)
            case .renewed, .renewalFailed, .recovered, .renewalAsked, .signedIn, .signInFailed, .signedOut, .imported, .endsSoon, .loginRequired,
                .trouble, .troubleEnded, .limitReached, .limitCleared, .sharedToken, .configurationLoaded, .configurationRefused, .started, .resumed,
                .stopping, .others, .auditGap:
                break
            }
        }
    }

    typealias Total = (series: Series, count: UInt64)

    private var places: [Series: UInt32] = [:]
    private var counts: [UInt64] = []
    /// Of tokens that are no longer configured, so that the sums by event never fall.
    private var forgotten: [AuditEvent: UInt64] = [:]

    package init() {}

    /// Drops what is counted about tokens that are not wanted. Places that `count` gave before are no longer valid.
    package mutating func forget(where isUnwanted: (TokenName) -> Bool) {
        let before = all
        (places, counts) = ([:], [])
        for (series, count) in before {
            if let token = series.token, isUnwanted(token) {
                forgotten[series.event, default: 0] &+= count
            } else {
                places[series] = UInt32(counts.count)
                counts.append(count)
            }
        }
    }

    /// Counts a decision. Returns where: a repeat needs no more than that.
    package mutating func count(_ entry: AuditEntry) -> UInt32 {
        let series = Series(entry)
        if let place = places[series] {
            counts[Int(place)] &+= 1
            return place
        }
        let place = UInt32(counts.count)
        places[series] = place
        counts.append(1)
        return place
    }

    /// Counts one more like that of a place.
    @inline(__always)
    package mutating func again(_ place: UInt32) {
        let place = Int(place)
        if place < counts.count { counts[place] &+= 1 }
    }

    package subscript(_ series: Series) -> UInt64 { places[series].map { counts[Int($0)] } ?? 0 }

    /// In the order of events, tokens and decisions.
    var all: [Total] {
        // the texts are made once, not for each comparison
        places.map { (order: $0.key.order, total: (series: $0.key, count: counts[Int($0.value)])) }.sorted { $0.order < $1.order }.map(\.total)
    }

    /// Number of decisions by event, for those there were.
    var byEvent: [(event: AuditEvent, count: UInt64)] {
        let sums = places.reduce(into: forgotten) { $0[$1.key.event, default: 0] &+= counts[Int($1.value)] }
        return AuditEvent.allCases.compactMap { event in sums[event].map { (event: event, count: $0) } }
    }
}

extension DecisionCounters.Series {
    fileprivate var order: (String, String, String) { (event.rawValue, token?.description ?? "", decision?.rawValue ?? "") }
}
