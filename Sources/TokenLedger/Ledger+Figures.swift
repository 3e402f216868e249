internal import OAuth

/// What METRICS tells of the server of an application.
package struct ServerFigures: Sendable {
    package var application: String
    package var issuer: String
    /// Seconds until it is asked again after a failure; 0 where nothing is wrong.
    package var cooldown: Double
}

extension Ledger {
    /// How many requests wait for an exchange.
    package var requestsWaiting: Int { waiters.count }

    /// Of each application, by name.
    package func serverFigures(at now: Moment) -> [ServerFigures] {
        configuration.applications.values.sorted { $0.name < $1.name }.map { application in
            let coolings = exchanges.coolings(at: ServerRoute(application.server), client: application.client.id)
            let pauses = coolings.map(\.backoff).filter { $0.isCooling(at: now.boot) }
            let cooldown = Double((pauses.map(\.until).max() ?? now.boot) - now.boot) / 1e9
            return ServerFigures(application: application.name, issuer: application.server.location.address, cooldown: cooldown)
        }
    }
}
