package import TokenWire

/// What a result is cached under. The same token in other scopes, for another audience or another consumer is another one.
///
/// One pointer wide: several tables hold the key of each cached result, and all of them the same one.
package struct CacheKey: Sendable {
    private final class Parts: Sendable {
        let token: TokenName
        let consumer: Consumer
        let scopes: [String]
        let audience: String?

        init(_ token: TokenName, _ consumer: Consumer, _ scopes: [String], _ audience: String?) {
            self.token = token
            self.consumer = consumer
            self.scopes = scopes
            self.audience = audience
        }
    }
    private let parts: Parts

    package init(token: TokenName, consumer: Consumer, scopes: [String], audience: String?) {
        parts = Parts(token, consumer, scopes, audience)
    }

    package var token: TokenName { parts.token }
    package var consumer: Consumer { parts.consumer }
    /// What is asked of the server, in the configuration's order.
    package var scopes: [String] { parts.scopes }
    package var audience: String? { parts.audience }
}

extension CacheKey: Hashable {
    package static func == (a: CacheKey, b: CacheKey) -> Bool {
        a.parts === b.parts || (a.token == b.token && a.consumer == b.consumer && a.scopes == b.scopes && a.audience == b.audience)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(token)
        hasher.combine(consumer)
        hasher.combine(scopes)
        hasher.combine(audience)
    }
}
