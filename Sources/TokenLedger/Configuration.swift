package import OAuth
package import Secrets
package import TokenWire

/// Everything the administrator decided, validated. The running daemon sees nothing else.
package struct Configuration: Sendable, Equatable {
    package var applications: [String: Application] = [:]
    package var tokens: [TokenName: TokenSettings] = [:]
    /// Who is an admin beside uid 0.
    package var admins: [PeerPattern] = []
    package var limits = Limits()
    /// `[audit] required`: refuse to hand out what cannot be recorded.
    package var auditRequired = false
    /// `[ready] policy`
    package var readiness = ReadyPolicy.sockets
    /// `[credentials]`: ids under which units ask for tokens, beside the tokens' own names.
    package var credentials: [String: TokenName] = [:]
    /// `[store] key`: seals the store instead of the credential `store-key`. Used at the start alone.
    package var storeKey: Secret?
    /// Of the machine, when the configuration was read.
    package var subordinates = SubordinateUIDs()

    package init() {}
}

/// When the daemon tells systemd that it is ready.
package enum ReadyPolicy: String, Sendable, CaseIterable {
    case sockets
    case firstTokens = "first-tokens"
}

/// One OAuth client registration: a file in `apps.d`.
package struct Application: Sendable, Equatable {
    /// The file's name without `.toml`; the first part of its tokens' names.
    package var name: String
    package var server: ServerSettings
    package var client: ClientIdentity

    package init(name: String, server: ServerSettings, client: ClientIdentity) {
        self.name = name
        self.server = server
        self.client = client
    }
}

/// One `[token.NAME]` table.
package struct TokenSettings: Sendable, Equatable {
    package var name: TokenName
    package var grant: Grant
    /// What is asked of the server; empty leaves the parameter out.
    package var scopes: [String]
    package var audiences: [String]
    /// Tried in order; the first that matches decides.
    package var allow: [AllowEntry]
    /// Seconds assumed when the server does not say how long the token lives.
    package var assumeLifetime: Int
    /// Seconds; the default promise of `min-valid` for this token.
    package var minValid: Int?
    package var audienceParameter: Audience.Parameter
    /// Renewed even when nobody asks.
    package var keep: Keep
    /// One token for all consumers: the operator's explicit choice.
    package var shared: Bool
    package var header: HeaderForm

    package enum Keep: String, Sendable, CaseIterable {
        /// fetched when asked for, renewed while it is in use
        case onDemand = "on-demand"
        /// fetched at start and always renewed (needs `shared = true` with client credentials: nobody in particular asks)
        case always
    }

    package static let defaultAssumedLifetime = 300

    package init(
        name: TokenName, grant: Grant, scopes: [String] = [], audiences: [String] = [], audienceParameter: Audience.Parameter = .resource,
        minValid: Int? = nil, keep: Keep = .onDemand, shared: Bool = false, assumeLifetime: Int = defaultAssumedLifetime,
        header: HeaderForm = .authorization, allow: [AllowEntry] = []
    ) {
        self.name = name
        self.grant = grant
        self.scopes = scopes
        self.audiences = audiences
        self.audienceParameter = audienceParameter
        self.minValid = minValid
        self.keep = keep
        self.shared = shared
        self.assumeLifetime = assumeLifetime
        self.header = header
        self.allow = allow
    }
}

/// `{ user = …, group = …, unit = …, scopes = […] }`: who may have the token, and how much of it.
package struct AllowEntry: Sendable, Equatable {
    @Shared package var who: PeerPattern
    /// The most this caller can get; `nil` is the token's own scopes. Always a subset of them.
    package var scopes: [String]?
    /// Where the entry stands, for EXPLAIN.
    package var place: RulePlace
    /// `login = true`
    package var login: Bool

    package init(who: PeerPattern, scopes: [String]? = nil, login: Bool = false, place: String = "") {
        self.who = who
        self.scopes = scopes
        self.login = login
        self.place = RulePlace(place)
    }
}

/// `portal.toml:14`. The line is a number, so that ten thousand rules of one file hold its name once.
package struct RulePlace: Sendable, Hashable, CustomStringConvertible {
    package var file: String
    package var line: UInt32?

    /// Reads what `description` writes.
    package init(_ text: String) {
        let colon = text.lastIndex(of: ":")
        line = colon.flatMap { UInt32(text[text.index(after: $0)...]) }
        file = line == nil ? text : String(text[..<(colon ?? text.endIndex)])
    }

    package var description: String { line.map { "\(file):\($0)" } ?? file }
}

/// Matches a peer when all of its keys hold; at least one is there.
package struct PeerPattern: Sendable, Hashable {
    package var user: NamedID?
    package var group: NamedID?
    package var unit: UnitPattern?

    package init(user: NamedID? = nil, group: NamedID? = nil, unit: UnitPattern? = nil) {
        self.user = user
        self.group = group
        self.unit = unit
    }
}

/// A user or group as written, and the number it had when the configuration was read; without one it matches nobody.
package struct NamedID: Sendable, Hashable {
    package var name: String
    package var id: UInt32?

    package init(name: String, id: UInt32?) {
        self.name = name
        self.id = id
    }
}

/// Bounds on what clients may hold of the daemon.
package struct Limits: Sendable, Equatable {
    package var connections = 16_384
    package var connectionsPerUID = 512
    /// shared by all peers that match no rule
    package var strangers = 256
    package var strangersPerUID = 8
    /// requests of one connection that are read before they are answered
    package var pipelined = 64
    /// bytes of output of one connection that may wait
    package var waitingOutput = 65_536
    /// bytes of all buffers together
    package var buffers = 24 << 20
    /// seconds
    package var idle = 300
    package var strangerIdle = 10
    package var stalled = 30
    /// uids of one group that may hold a token of their own of one name
    package var membersPerGroup = 256

    package init() {}

    /// So many connections may have been accepted and not looked at yet.
    package static let waitingRoom = 512

    /// Descriptors for all but the connections: those in the waiting room, 512 units that wait for a credential, 256 connections that are turned away,
    /// 1,024 transfers and what the libraries open.
    private static let otherDescriptors = 1_956 + waitingRoom

    /// What to say where the process may not have so many descriptors.
    package func shortage(of descriptors: Int) -> String? {
        let needed = connections + Self.otherDescriptors
        guard needed > descriptors else { return nil }
        return
            "[limits] connections = \(connections) needs \(needed) descriptors and the process may have \(descriptors); lower it or raise LimitNOFILE= of tokend.service"
    }
}
