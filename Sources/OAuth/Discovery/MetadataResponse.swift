internal import Codecs
internal import Secrets

/// The response to a request for a public document. The request can be repeated freely, so a failure costs at most a delay.
enum MetadataResponse {
    case document(JSONObject)
    /// there is no such document here; another location may have it
    case absent(ExchangeFailure)
    case failed(ExchangeFailure)

    /// The type of the requested document.
    enum Kind: String {
        case metadata
        case keys
        /// the web sites of an ERP.net instance
        case sites = "web sites"
    }

    /// - Parameter url: the requested URL, for the texts.
    init(_ result: EndpointResult, to url: String, about kind: Kind = .metadata, now: Int64) {
        switch result {
        case .fault(let fault): self = .failed(ExchangeFailure(fault, asking: "\(kind.rawValue) from '\(url)'", isRepeatable: true))
        case .response(let response): self.init(response, url, kind, now)
        }
    }

    private init(_ response: EndpointResponse, _ url: String, _ kind: Kind, _ now: Int64) {
        let delay = response.retryDelay(now: now)
        let answered = "'\(url)' answered \(response.status)"
        switch response.status {
        case 200:
            self.init(response, url)
        case 300..<400:
            let text = "\(answered), \(response.redirection)\(Self.remedy(for: response, to: url))"
            self = .failed(ExchangeFailure(response, nil, to: .question, now: now, text: text))
        case 408, 429, 500...599:
            // the request is anonymous, so a 429 is not about one client
            let reach: ExchangeFailure.Reach = [429, 503].contains(response.status) ? .server : .credential
            self = .failed(ExchangeFailure(law: .answered(retryAfter: delay), reach: reach, status: response.status, text: answered))
        default:
            let text = "there are no \(kind.rawValue): \(answered); \(kind.remedy)"
            self = .absent(ExchangeFailure(response, nil, to: .question, now: now, text: text))
        }
    }

    /// A page of another type with status 200 usually comes from a gateway in between, so it may pass.
    private init(_ response: EndpointResponse, _ url: String) {
        switch JSONObject.read(response.body) {
        case .success(let object):
            self = .document(object)
        case .failure(let problem):
            let text = "what '\(url)' answered \(response.description(of: problem))"
            self = .absent(ExchangeFailure(law: .answered(retryAfter: nil), reach: .credential, status: 200, text: text))
        }
    }

    func document() throws(ExchangeFailure) -> JSONObject {
        switch self {
        case .document(let object): return object
        case .absent(let failure), .failed(let failure): throw failure
        }
    }

    /// What to configure to avoid the redirect, if that can be derived from its target.
    private static func remedy(for response: EndpointResponse, to url: String) -> String {
        let target = response.target(of: url)
        if let issuer = target.flatMap(MetadataLocation.issuer(ofMetadataAt:)) { return "; if that server is meant, write issuer = \"\(issuer)\"" }
        if let root = target.flatMap(SiteDiscovery.root(ofDiscoveryAt:)) { return "; if that instance is meant, write erpnet = \"\(root)\"" }
        return "; check the configured address"
    }
}

extension MetadataResponse.Kind {
    /// What to do if there is no such document.
    fileprivate var remedy: String {
        switch self {
        case .metadata, .keys: "check the issuer, or write the endpoints under [endpoints]"
        case .sites: "check erpnet, which is the address of the instance without a path such as /id"
        }
    }
}
