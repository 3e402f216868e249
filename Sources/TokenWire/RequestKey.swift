/// The keys of all requests.
enum RequestKey: Int, CaseIterable {
    case wait, minValid, scope, audience, id, redirectURI, flow, confirm, expires, uid, gid, unit

    init?(_ name: UnsafeRawBufferPointer) {
        guard let key = RequestKey.allCases.first(where: { name.matches($0.name) }) else { return nil }
        self = key
    }

    /// The key as written in a line.
    var name: StaticString {
        switch self {
        case .wait: "wait"
        case .minValid: "min-valid"
        case .scope: "scope"
        case .audience: "audience"
        case .id: "id"
        case .redirectURI: "redirect-uri"
        case .flow: "flow"
        case .confirm: "confirm"
        case .expires: "expires"
        case .uid: "uid"
        case .gid: "gid"
        case .unit: "unit"
        }
    }

    /// Whether the key may be repeated in a line.
    var repeats: Bool { self == .scope || self == .gid }
}

/// The keys that a line has used so far.
struct RequestKeySet {
    private var bits: UInt32 = 0

    /// Adds a key. Returns `false` if it was added before.
    mutating func insert(_ key: RequestKey) -> Bool {
        let bit: UInt32 = 1 << UInt32(key.rawValue)
        defer { bits |= bit }
        return bits & bit == 0
    }
}
