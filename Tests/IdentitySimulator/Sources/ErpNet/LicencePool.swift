/// The open API sessions. A token takes a slot when it is first used, not when it is issued.
package struct LicencePool: Sendable {
    private struct Session {
        let opened: Int
        var lastUsed: Int
        let service: Bool
    }

    private var sessions: [String: Session] = [:]
    /// Sessions opened since the start.
    package private(set) var opened = 0
    /// Calls that were rejected because no slot was free.
    package private(set) var refused = 0

    package init() {}

    /// Opens or continues the session of a call. `false` if it needs a slot and none is free.
    /// - Parameters:
    ///   - key: the `sid` of a user's token, the fingerprint of any other.
    ///   - service: the session of a service ends an hour after it was opened, even if it is busy.
    package mutating func enter(_ key: String, service: Bool, now: Int, slots: Int) -> Bool {
        close(now: now)
        if sessions[key] != nil {
            sessions[key]?.lastUsed = now
            return true
        }
        guard sessions.count < slots else {
            refused += 1
            return false
        }
        sessions[key] = Session(opened: now, lastUsed: now, service: service)
        opened += 1
        return true
    }

    /// Ends a session and frees its slot.
    package mutating func close(_ key: String) { sessions[key] = nil }

    /// Slots in use.
    package mutating func inUse(now: Int) -> Int {
        close(now: now)
        return sessions.count
    }

    /// A session ends after 20 idle minutes.
    private mutating func close(now: Int) {
        sessions = sessions.filter { _, session in
            now - session.lastUsed < 20 * 60 && !(session.service && now - session.opened >= 60 * 60)
        }
    }
}
