internal import OAuth

/// What one try has shown, for a person who reads it: one line.
package struct OnlineFinding: Hashable {
    enum Verdict: CaseIterable {
        case well
        /// it works, but hardly as it was meant, or not for long
        case warning
        /// no, until somebody changes something
        case wrong
        /// not now: it may pass
        case passing
        /// why it was not tried
        case untried
    }
    /// The application or the token.
    var subject: String
    var verdict: Verdict
    /// Lower case, no full stop, no secret.
    var text: String

    init(_ subject: String, _ verdict: Verdict, _ text: String) {
        self.subject = subject
        self.verdict = verdict
        self.text = text
    }

    /// `portal.sync: granted read update, lives 3600 s`
    package var line: String { [subject, verdict.word, text].compactMap(\.self).joined(separator: ": ") }
}

extension OnlineFinding {
    /// A try that brought nothing: what came of it, and what may help.
    init(_ subject: String, _ failure: ExchangeFailure, so outcome: String? = nil) {
        let text = [outcome, failure.text].compactMap(\.self).joined(separator: ": ")
        self.init(subject, Verdict(failure), [text, failure.remedy].compactMap(\.self).joined(separator: "; "))
    }
}

extension OnlineFinding.Verdict {
    /// Whether waiting can help, by what came: tokend itself goes on trying where a person who looks now has something to correct.
    fileprivate init(_ failure: ExchangeFailure) {
        self =
            switch (failure.fault, failure.law) {
            case (.unreachable?, _), (.broken?, _), (.stopped?, _): .passing
            case (.handshake?, _), (.proxyRefusal?, _), (.certificate?, _), (.certificateTime?, _), (.tooLarge?, _), (.unusable?, _): .wrong
            case (nil, .silent), (nil, .no), (nil, .configuration): .wrong
            // an answer that makes no sense will make none later; a server's own word is believed
            case (nil, .unsent), (nil, .answered), (nil, .unknown):
                failure.oauthError == nil && !failure.isAboutClocks && (200..<400).contains(failure.status ?? 0) ? .wrong : .passing
            }
    }

    fileprivate var word: String? {
        switch self {
        case .well: nil
        case .warning: "warning"
        case .wrong: "error"
        case .passing: "not now"
        case .untried: "not tried"
        }
    }
}

extension ExchangeFailure {
    /// What somebody can do about it, where the text does not say so itself.
    fileprivate var remedy: String? {
        switch fault {
        case .certificate?: return "have it corrected, or name its authority with ca_file if it is one of your own"
        case .certificateTime?: return "look at this machine's clock, or have the certificate renewed"
        case .unreachable?: return "check the address, the network and the proxy"
        case .handshake?: return "check the port, and that the server speaks TLS 1.2 or newer"
        case .broken?: return "something on the way may hold answers back, such as a proxy or a filter; try again, or raise timeout"
        case .tooLarge?: return "check the address: what an identity server answers is small"
        case .proxyRefusal?, .unusable?, .stopped?, nil: break
        }
        // what is told with its remedy needs no other
        guard !text.contains("; ") else { return nil }
        switch oauthError {
        case "invalid_client": return "check the client's id, its secret, and whether it is enabled"
        case "unauthorized_client": return "allow this client the grant at the server; at ERP.net it needs SystemUserAllowed and a SystemUser"
        case "unsupported_grant_type": return "the server has no such grant, or not for this client"
        case "invalid_scope": return "ask for scopes that the registration allows"
        case "invalid_target": return "check the audiences"
        default: return nil
        }
    }
}

/// How all of it stands.
package struct OnlineTally {
    private var counts: [OnlineFinding.Verdict: Int] = [:]

    package init() {}

    package mutating func count(_ finding: OnlineFinding) { counts[finding.verdict, default: 0] += 1 }

    /// `online: 7 well, 1 warning, 0 errors, 0 not now, 2 not tried`
    package var line: String {
        guard !counts.isEmpty else { return "online: nothing to try" }
        let number = { (verdict: OnlineFinding.Verdict) in counts[verdict] ?? 0 }
        return "online: \(number(.well)) well, \(counted(number(.warning), "warning")), \(counted(number(.wrong), "error")), "
            + "\(number(.passing)) not now, \(number(.untried)) not tried"
    }

    /// sysexits.h: EX_CONFIG when somebody has to change something, EX_TEMPFAIL when there is only what may pass.
    package var exitStatus: Int32 {
        if counts[.wrong] != nil { return 78 }
        return counts[.passing] == nil ? 0 : 75
    }
}
