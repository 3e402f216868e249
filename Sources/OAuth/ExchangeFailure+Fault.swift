extension ExchangeFailure {
    /// Only a change of the configuration, the registration or the server helps.
    static func configuration(_ text: String, oauthError: String? = nil, status: Int? = nil) -> ExchangeFailure {
        ExchangeFailure(law: .configuration, reach: .credential, oauthError: oauthError, status: status, text: text)
    }

    /// No full answer.
    /// - Parameters:
    ///   - purpose: what was asked of whom: "could not get \(purpose)".
    ///   - isRepeatable: the request could be repeated at will, so it makes no difference whether it arrived.
    init(_ fault: TransportFault, asking purpose: String, isRepeatable: Bool) {
        let law: Law = fault.kind.needsSomebody ? .configuration : fault.unsent || isRepeatable ? .unsent : .unknown
        self.init(law: law, reach: fault.kind.reach, fault: fault.kind, text: "could not get \(purpose): \(fault.text)")
    }

    /// The same of a request that was never sent, because of what was asked before it.
    package var beforeSending: ExchangeFailure {
        var failure = self
        failure.law = .unsent
        return failure
    }

    /// The address may be an old one: metadata are worth asking for again.
    package var suggestsStaleEndpoint: Bool { [404, 405, 410, 415].contains(status) }
}

extension TransportFault.Kind {
    /// No retry helps. A certificate is not among these: whoever shows one that is not trusted is not the server, and may be gone in a minute.
    fileprivate var needsSomebody: Bool {
        switch self {
        case .unusable: true
        case .certificate, .unreachable, .handshake, .proxyRefusal, .certificateTime, .broken, .tooLarge, .stopped: false
        }
    }

    /// What cannot be reached at all is so for everybody; a clock that is wrong is, too.
    fileprivate var reach: ExchangeFailure.Reach {
        switch self {
        case .unreachable, .handshake, .proxyRefusal, .certificateTime: .server
        case .certificate, .unusable, .broken, .tooLarge, .stopped: .credential
        }
    }
}
