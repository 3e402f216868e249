extension ExchangeFailure {
    /// A failure that passes only if the configuration, the registration or the server is changed.
    static func configuration(_ text: String, oauthError: String? = nil, status: Int? = nil) -> ExchangeFailure {
        ExchangeFailure(law: .configuration, reach: .credential, oauthError: oauthError, status: status, text: text)
    }

    /// For a request without a complete response.
    /// - Parameters:
    ///   - purpose: what was requested from whom: "could not get \(purpose)".
    ///   - isRepeatable: the request consumes nothing, so it does not matter whether it was received.
    init(_ fault: TransportFault, asking purpose: String, isRepeatable: Bool) {
        let law: Law = fault.kind.needsSomebody ? .configuration : fault.unsent || isRepeatable ? .unsent : .unknown
        self.init(law: law, reach: fault.kind.reach, fault: fault.kind, text: "could not get \(purpose): \(fault.text)")
    }

    /// The same failure for a request that was never sent, because a preceding request failed.
    package var beforeSending: ExchangeFailure {
        var failure = self
        failure.law = .unsent
        return failure
    }

    /// Whether the URL may be outdated, so that the metadata should be fetched again.
    package var suggestsStaleEndpoint: Bool { [404, 405, 410, 415].contains(status) }
}

extension TransportFault.Kind {
    /// Whether no retry helps. A certificate error is not among these: an untrusted certificate belongs to another server, which may be gone in a
    /// minute.
    fileprivate var needsSomebody: Bool {
        switch self {
        case .unusable: true
        case .certificate, .unreachable, .handshake, .proxyRefusal, .certificateTime, .broken, .tooLarge, .stopped: false
        }
    }

    /// An unreachable server, or a wrong clock of this machine, affects all clients.
    fileprivate var reach: ExchangeFailure.Reach {
        switch self {
        case .unreachable, .handshake, .proxyRefusal, .certificateTime: .server
        case .certificate, .unusable, .broken, .tooLarge, .stopped: .credential
        }
    }
}
