internal import OAuth
internal import TokenWire

/// What a reload leaves behind.
extension Ledger {
    /// Drops everything that is kept under the name of a token, or the address of a server, that is no longer configured. What is under way stays
    /// until the next reload. What the store holds stays as long as it is there.
    mutating func forgetUnconfigured() {
        let busy = tokensUnderWay
        let tokens = configuration.tokens
        func isWanted(_ token: TokenName) -> Bool { tokens[token] != nil }
        failures.keepOnly { isWanted($0) || busy.contains($0) }
        cache.keepOnly(isWanted)
        grants.keepOnly(isWanted) { [store] in store.isReplacing($0) }
        exchanges.keepOnly(Dictionary(grouping: configuration.applications.values, by: { ServerRoute($0.server) }).mapValues { Set($0.map(\.client.id)) })
    }

    /// Their generation is still compared with what comes back.
    private var tokensUnderWay: Set<TokenName> {
        exchanges.tokensUnderWay.union(logins.all.values.map(\.token)).union(logins.flights.values.map(\.token))
    }
}
