package import TokenWire

/// What the end of the process would cut off.
extension Ledger {
    /// What would be lost, or half done, if the process ended now: it is with its server, or not on the disk for certain.
    package var atRisk: Set<AtRisk> {
        Set(grants.atRisk + store.atRisk)
    }

    /// Whether anything is under way that must not be cut off by the end of the daemon.
    package var isSpending: Bool {
        grants.isRotating || !logins.flights.isEmpty || store.isAwaited
    }
}

/// What the end of the daemon did not wait for.
package struct AtRisk: Hashable, Comparable, Sendable {
    package enum Act: Int, Sendable {
        case refresh, signIn, signOut, importing
    }
    package var token: TokenName
    package var act: Act

    package static func < (one: AtRisk, other: AtRisk) -> Bool { (one.token, one.act.rawValue) < (other.token, other.act.rawValue) }

    /// What that means, and what to do about it.
    package var text: String {
        switch act {
        case .refresh:
            "the refresh token of \"\(token)\" was not back from its server and on the disk when this process ended; "
                + "if it is refused from now on: tokenctl login \(token)"
        case .signIn:
            "the new sign-in to \"\(token)\" was not known to be on the disk when this process ended; if it is not in force from now on: tokenctl login \(token)"
        case .signOut:
            "the sign-out from \"\(token)\" was not known to be on the disk when this process ended; "
                + "if somebody is still signed in from now on: tokenctl logout \(token)"
        case .importing:
            "what was imported for \"\(token)\" was not known to be on the disk when this process ended; "
                + "if it is not in force from now on: tokenctl import \(token)"
        }
    }
}
