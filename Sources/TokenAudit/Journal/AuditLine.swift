/// An entry as one line for people, where there is no journal: `tokend: <MESSAGE> [event=… decision=… id=… count=…]` and a
/// line feed. `prefix` goes in front. Never longer than 4,096 bytes, which a pipe takes whole or not at all (pipe(7)).
package func auditLine(_ fields: [(AuditField, String)], prefix: String = "") -> [UInt8] {
    let tail = Array(" [\(annex(fields))]\n".utf8)
    let head = "\(prefix)tokend: \(fields.first { $0.0 == .message }?.1 ?? "")"
    return cut(head, to: max(0, 4_096 - tail.count)) + tail
}

private func annex(_ fields: [(AuditField, String)]) -> String {
    fields.compactMap { field, value in name(field).map { "\($0)=\(value)" } }.joined(separator: " ")
}

/// Only what is short: the rest is for a journal.
private func name(_ field: AuditField) -> String? {
    switch field {
    case .event: "event"
    case .decision: "decision"
    case .tokenID: "id"
    case .count: "count"
    case .message, .messageID, .priority, .identifier, .facility, .seconds, .held, .token, .previousID, .scopes, .expires, .remaining,
        .consumer, .consumerUnit, .consumerUID, .consumerPID, .consumerComm, .request, .rule, .reason, .subject, .issuer, .grant, .cause, .oauthError,
        .status, .duration, .retryAfter:
        nil
    }
}

/// At most so many bytes, and no half character.
private func cut(_ text: String, to most: Int) -> ArraySlice<UInt8> {
    let bytes = Array(text.utf8)
    guard bytes.count > most else { return bytes[...] }
    var end = most
    while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
    return bytes[..<end]
}
