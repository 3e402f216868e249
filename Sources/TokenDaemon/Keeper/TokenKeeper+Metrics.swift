internal import Systemd
internal import TokenLedger
internal import TokenWire

extension TokenKeeper {
    /// The numbers of the moment in which their turn comes, told as fast as their reader takes them: of a pipeline only one picture is kept.
    func metrics() -> Listing {
        var text: MetricsText?
        return Listing { [unowned self] in
            if text == nil { text = MetricsText(picture()) }
            return text?.next().map { .text($0) }
        }
    }

    private func picture() -> MetricsPicture {
        var picture = MetricsPicture(ledger, audit.decisions, exchanges, at: now, version: Release.version)
        picture.uptime = now.boot - began
        picture.turns = turns
        picture.delays = delays
        picture.connections = connections
        picture.audit = audit.figures
        picture.store = storeCounters
        return picture
    }
}
