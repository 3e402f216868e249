internal import Systemd
internal import TokenLedger
internal import TokenWire

extension TokenKeeper {
    /// The numbers of this moment, told as fast as their reader takes them.
    func metrics() -> Listing {
        var picture = MetricsPicture(ledger, audit.decisions, exchanges, at: now, version: Release.version)
        picture.uptime = now.boot - began
        picture.turns = turns
        picture.delays = delays
        picture.connections = connections
        picture.audit = audit.figures
        picture.store = storeCounters
        var text = MetricsText(picture)
        return Listing { text.next().map { .text($0) } }
    }
}
