internal import OAuth
internal import Secrets
internal import TokenWire

extension HeaderForm {
    /// The one header in which a token is sent to an API.
    func field(for token: Secret) -> (name: String, value: Secret) {
        let (name, scheme): (String, StaticString) =
            switch self {
            case .authorization: ("Authorization", "Bearer ")
            case .apiKey: ("X-Api-Key", "")
            }
        let value = SecretBuffer()
        value.append(scheme)
        value.append(token)
        return (name, value.secret())
    }
}

extension HTTPSURL {
    /// The address of a probe, which the configuration has checked with the same eyes.
    static func probed(_ text: String) throws(ExchangeFailure) -> HTTPSURL {
        do throws(Problem) {
            return try HTTPSURL(text, allowsQuery: true)
        } catch {
            throw ExchangeFailure(law: .configuration, reach: .credential, text: "the address of the probe \(error)")
        }
    }
}
