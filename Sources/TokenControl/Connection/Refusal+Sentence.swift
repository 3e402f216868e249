internal import TokenWire

extension Refusal {
    /// What a person reads: the code, the daemon's words, what to do, and the fields for a closer look.
    var sentence: String {
        var sentence = "\(code.rawValue): \(Quotation.plain(text))"
        if let remedy { sentence += "; \(remedy)" }
        let rest = fields.filter { $0.key != "retry-after" }.map { "\($0.key)=\(Quotation.plain($0.value))" }
        if !rest.isEmpty { sentence += " (\(rest.joined(separator: " ")))" }
        return sentence
    }

    private var remedy: String? {
        switch code {
        case .badRequest, .tooLong: nil
        case .unsupported: saysRemedy ? nil : "tokenctl and tokend may be of different versions"
        case .denied: "ask the administrator to allow it"
        case .loginRequired: saysRemedy ? nil : "a person must sign in: tokenctl login"
        case .expired: saysRemedy ? nil : "have it reissued, then: tokenctl import"
        case .unavailable, .timeout, .busy, .stopping: fields.first("retry-after").map { "try again in \(Quotation.plain($0)) s" } ?? "try again"
        case .refused: saysRemedy ? nil : "fix the registration or the configuration"
        case .badConfig: "fix the files and reload again"
        case .internal: "the journal has the reason: journalctl -u tokend"
        }
    }

    /// The daemon knows more, and says it behind a semicolon or as a command. What helps is said once.
    private var saysRemedy: Bool { text.contains("; ") || text.contains("tokenctl ") }
}
