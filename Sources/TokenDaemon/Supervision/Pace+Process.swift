internal import Glibc
internal import TokenLedger

extension Pace {
    /// How long things take. A build for torture takes it from the environment, in seconds: `TOKEND_PACE=replay=0.2,quarantine=0.1`.
    static var ofThisProcess: Pace {
        #if FAULTS
        var pace = Pace()
        for wish in (getenv("TOKEND_PACE").map { String(cString: $0) } ?? "").split(separator: ",") {
            let parts = wish.split(separator: "=")
            guard parts.count == 2, let seconds = Double(parts[1]), (0...1e9).contains(seconds) else { continue }
            let time = Int64(seconds * 1e9)
            switch parts[0] {
            case "replay": pace.replay = time
            case "quarantine": pace.quarantine = pace.quarantine.map { _ in time }
            case "refusal": pace.refusal = time
            case "keep-alive": pace.keepAlive = time
            case "catch-up": pace.catchUp = time
            case "revocation": pace.revocation = time
            case "sign-in": pace.signIn = time
            default: continue
            }
        }
        return pace
        #else
        return Pace()
        #endif
    }
}
