internal import Curl
internal import OAuth

extension Transfer {
    /// What the OAuth room wants to say, in the words of the Curl room.
    init(_ request: EndpointRequest, to settings: ServerSettings, nanoseconds left: Int64) {
        let method: Method =
            switch request.method {
            case .get: .get
            case .post(let form): .post(form: form)
            }
        self.init(method, url: request.url, group: settings.location.name)
        headers = request.headers
        caFile = settings.caFile
        proxy = settings.proxy?.url
        proxyLogin = settings.proxy?.login.map { ProxyLogin(user: $0.user, password: $0.password) }
        timeout = max(Int(left / 1_000_000), 1)
        connectTimeout = min(connectTimeout, timeout)
        freshConnection = request.freshConnection
    }
}

extension ServerLocation {
    /// One name for all requests to a server.
    fileprivate var name: String {
        switch self {
        case .issuer(let issuer): issuer
        case .erpnet(let root, _): root
        }
    }
}

nonisolated extension EndpointResult {
    /// What the Curl room brought back, in the words of the OAuth room.
    init(_ result: Result<TransferResponse, TransferFailure>) {
        switch result {
        case .success(let response):
            self = .response(
                EndpointResponse(
                    status: response.status, contentType: response.contentType, retryAfter: response.retryAfter, date: response.date,
                    cacheControl: response.cacheControl, location: response.location, contentEncoding: response.contentEncoding, body: response.body))
        case .failure(let failure):
            self = .fault(TransportFault(unsent: failure.phase == .unsent, kind: failure.kind, text: failure.text))
        }
    }
}

nonisolated extension TransferFailure {
    fileprivate var kind: TransportFault.Kind {
        switch cause {
        case .resolve, .connect, .proxy: .unreachable
        case .tls: .handshake
        case .proxyRefusal: .proxyRefusal
        case .certificate: .certificate
        case .certificateTime: .certificateTime
        case .timeout, .reset: phase == .unsent ? .unreachable : .broken
        case .tooLarge: .tooLarge
        case .protocolError, .other: .broken
        case .badURL: .unusable
        case .stopped: .stopped
        }
    }
}
