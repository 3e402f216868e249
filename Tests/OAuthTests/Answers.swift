import OAuth
import Secrets
import Testing

/// 2025-11-03 in seconds since the epoch, as the present time.
let now: Int64 = 1_762_185_760

func answer(
    _ status: Int, _ body: String = "", retryAfter: String? = nil, date: String? = nil, cacheControl: String? = nil
) -> EndpointResult {
    .response(
        EndpointResponse(
            status: status, contentType: "application/json", retryAfter: retryAfter, date: date, cacheControl: cacheControl, body: Secret(body)))
}

func fault(_ kind: TransportFault.Kind, unsent: Bool) -> EndpointResult {
    .fault(TransportFault(unsent: unsent, kind: kind, text: "it broke"))
}

extension Secret {
    /// The bytes of a secret that the test made itself.
    var revealed: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}

extension EndpointRequest {
    var form: String {
        switch method {
        case .get: ""
        case .post(let form): form.revealed
        }
    }

    var fields: [String: [String]] {
        Dictionary(grouping: form.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }, by: { $0[0] })
            .mapValues { $0.map { $0.count > 1 ? $0[1] : "" } }
    }

    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value.revealed }
}

extension Result where Failure == ExchangeFailure {
    var failure: ExchangeFailure? {
        switch self {
        case .success: nil
        case .failure(let failure): failure
        }
    }

    var value: Success? { try? get() }
}

extension DiscoveryStep {
    var url: String? {
        guard case .send(let request) = self else { return nil }
        return request.url
    }

    var metadata: ServerMetadata? {
        guard case .found(let metadata, _) = self else { return nil }
        return metadata
    }

    var freshness: Int? {
        guard case .found(_, let seconds) = self else { return nil }
        return seconds
    }

    var failure: ExchangeFailure? {
        guard case .failed(let failure) = self else { return nil }
        return failure
    }
}

/// The metadata of an ERP.net instance, with additions of the test.
func orchid(_ more: String = "") throws -> ServerMetadata {
    let id = "https://orchid.my.erp.net/id"
    var discovery = Discovery(ServerSettings(location: .issuer(id)))
    _ = discovery.begin()
    let document = #"""
        {"issuer":"\#(id)","authorization_endpoint":"\#(id)/connect/authorize","token_endpoint":"\#(id)/connect/token",
        "end_session_endpoint":"\#(id)/connect/endsession","jwks_uri":"\#(id)/.well-known/openid-configuration/jwks"\#(more)}
        """#
    return try #require(discovery.receive(answer(200, document), now: now).metadata)
}
