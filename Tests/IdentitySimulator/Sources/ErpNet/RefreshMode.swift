/// What happens to a used refresh token. The documentation of ERP.net contradicts itself.
package enum RefreshMode: Equatable, Sendable, LosslessStringConvertible {
    /// Rotation: the used one is rejected from then on.
    case reject
    /// As `reject`, and reuse ends the grant.
    case familyRevoke
    /// A used one is accepted again within a grace period, and gives another successor.
    case grace(Int)
    /// The same one as long as the grant lasts.
    case noRotation

    package init?(_ text: String) {
        switch text {
        case "reject": self = .reject
        case "family-revoke": self = .familyRevoke
        case "no-rotation": self = .noRotation
        case _ where text.hasPrefix("grace-"):
            guard let seconds = Int(text.dropFirst("grace-".count)), seconds > 0 else { return nil }
            self = .grace(seconds)
        default: return nil
        }
    }

    package var description: String {
        switch self {
        case .reject: "reject"
        case .familyRevoke: "family-revoke"
        case .grace(let seconds): "grace-\(seconds)"
        case .noRotation: "no-rotation"
        }
    }
}

/// The lifetime of a refresh token.
package enum RefreshLife: Equatable, Sendable, LosslessStringConvertible {
    /// 30 days for a Confidential application, 24 hours for a Public one.
    case byClientType
    case seconds(Int)

    package init?(_ text: String) {
        if text == "by-client-type" {
            self = .byClientType
        } else {
            guard let seconds = Int(text), seconds > 0 else { return nil }
            self = .seconds(seconds)
        }
    }

    package var description: String {
        switch self {
        case .byClientType: "by-client-type"
        case .seconds(let seconds): String(seconds)
        }
    }

    func seconds(for type: TrustedApplication.ClientType) -> Int {
        switch (self, type) {
        case (.seconds(let seconds), _): seconds
        case (.byClientType, .publicClient): 24 * 3600
        case (.byClientType, .confidential), (.byClientType, .note): 30 * 86_400
        }
    }
}
