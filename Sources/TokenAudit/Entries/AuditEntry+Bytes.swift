internal import OAuth
internal import Secrets
internal import TokenLedger
internal import TokenWire

/// What a summary of an entry tells, as bytes that the next process reads: items of a tag (1 byte), a length (2 bytes) and a text. Nothing in an
/// entry is secret. What a summary leaves out is left out here, and so is what finds no room, the least important first.
extension AuditEntry {
    private enum Item: UInt8, CaseIterable {
        case event = 1
        case priority, decision, token, tokenID, consumerUID, consumerUnit, consumerShared, consumerProbe, callerUID, callerUnit, reason, request,
            oauthError, grant, issuer, subject, scopes, text
    }

    /// At most so many.
    package func bytes(atMost limit: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for item in Item.allCases {
            guard let value = value(of: item) else { continue }
            let text = Array(value.utf8)
            guard bytes.count + 3 + text.count <= limit else { continue }
            bytes += [item.rawValue, UInt8(truncatingIfNeeded: text.count >> 8), UInt8(truncatingIfNeeded: text.count)] + text
        }
        return bytes
    }

    private func value(of item: Item) -> String? {
        switch item {
        case .event: event.rawValue
        case .priority: String(priority.rawValue)
        case .decision: decision?.rawValue
        case .token: token?.description
        case .tokenID: tokenID?.description
        case .consumerUID: if case .uid(let number) = consumer { String(number) } else { nil }
        case .consumerUnit: if case .unit(let name) = consumer { name } else { nil }
        case .consumerShared: consumer == .shared ? "" : nil
        case .consumerProbe: consumer == .probe ? "" : nil
        case .callerUID: caller.map { String($0.uid) }
        case .callerUnit: if case .unit(let name) = caller?.unit { name } else { nil }
        case .reason: reason
        case .request: request
        case .oauthError: oauthError
        case .grant: grant?.rawValue
        case .issuer: issuer
        case .subject: subject
        case .scopes: scopes.isEmpty ? nil : scopes.joined(separator: " ")
        case .text: text
        }
    }

    /// `nil` if they name no event of this version; what else cannot be read is left out.
    package init?(bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        var items: [Item: String] = [:]
        var place = 0
        while place + 3 <= bytes.count {
            let end = place + 3 + Int(bytes[place + 1]) << 8 + Int(bytes[place + 2])
            guard end <= bytes.count, let text = String(validating: bytes[place + 3..<end], as: UTF8.self) else { break }
            if let item = Item(rawValue: bytes[place]) { items[item] = text }
            place = end
        }
        guard let event = items[.event].flatMap(AuditEvent.init) else { return nil }
        self.init(
            event, items[.decision].flatMap(AuditDecision.init), priority: items[.priority].flatMap(Int.init).flatMap(AuditPriority.init),
            token: items[.token].flatMap { TokenName($0) }, tokenID: items[.tokenID].flatMap { Fingerprint($0) }, reason: items[.reason],
            text: items[.text])
        if let number = items[.consumerUID].flatMap(UInt32.init) { consumer = .uid(number) }
        if let name = items[.consumerUnit] { consumer = .unit(name) }
        if items[.consumerShared] != nil { consumer = .shared }
        if items[.consumerProbe] != nil { consumer = .probe }
        if let number = items[.callerUID].flatMap(UInt32.init) {
            caller = Caller(uid: number, gid: .max, unit: items[.callerUnit].map { .unit($0) } ?? .none)
        }
        (request, oauthError, issuer, subject) = (items[.request], items[.oauthError], items[.issuer], items[.subject])
        grant = items[.grant].flatMap(GrantKind.init)
        scopes = items[.scopes].map { $0.split(separator: " ").map { String($0) } } ?? []
    }
}
