internal import Systemd
internal import TokenAudit
internal import TokenLedger
internal import TokenWire

extension TokenKeeper {
    /// The numbers of the moment in which their turn comes, told as fast as their reader takes them: of a pipeline only one picture is kept.
    func metrics() -> Listing {
        var names = policy.names[...]
        var tokens: [MetricsPicture.Token] = []
        var text: MetricsText?
        return Listing { [unowned self] in
            if let name = names.popFirst() {
                tokens.append(ledger.figures(of: name, at: now))
                return .working
            }
            if text == nil { text = MetricsText(picture(tokens)) }
            return (text?.next()).map { .row(.text($0)) } ?? .end(.ok())
        }
    }

    private func picture(_ tokens: [MetricsPicture.Token]) -> MetricsPicture {
        var picture = MetricsPicture(ledger, tokens, audit.decisions, exchanges, at: now, version: Release.version)
        picture.uptime = now.boot - began
        picture.turns = turns
        picture.delays = delays
        picture.connections = connections
        picture.audit = audit.figures
        picture.store = storeCounters
        return picture
    }
}
