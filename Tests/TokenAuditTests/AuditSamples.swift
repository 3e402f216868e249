import OAuth
import Secrets
import TokenAudit
import TokenLedger
import TokenWire

/// The people and tokens of these tests.
enum Sample {
    static let sync = TokenName(application: "portal", token: "sync")
    static let other = TokenName(application: "portal", token: "other")
    static let id = Fingerprint(bits: 0x9f3a_c2d1_770b_41e6)
    static let successor = Fingerprint(bits: 0x0123_4567_89ab_cdef)
    static let service = Caller(uid: 995, gid: 995, groups: [995, 100], pid: 812, unit: .unit("erp-sync.service"))
    static let stranger = Caller(uid: 1000, gid: 1000, pid: 4711, unit: .unit("cron.service"))

    static func handOut(
        _ token: TokenName? = sync, id: Fingerprint? = id, to consumer: Consumer = .unit("erp-sync.service"), by caller: Caller = service
    ) -> AuditEntry {
        AuditEntry(.handedOut, .ready, token: token, tokenID: id, consumer: consumer, caller: caller, comm: "erp-sync")
    }

    static func denial(of token: TokenName? = nil, uid: UInt32 = 1000, pid: Int32 = 4711) -> AuditEntry {
        AuditEntry(.refused, .denied, token: token, caller: Caller(uid: uid, gid: uid, pid: pid, unit: .unit("cron.service")), comm: "sh")
    }

    static func failure(_ text: String = "the token endpoint answered 503") -> AuditEntry {
        var entry = AuditEntry(.renewalFailed, .answered, token: sync, tokenID: id, consumer: .unit("erp-sync.service"), text: text)
        entry.remaining = 720
        entry.retryAfter = 40
        return entry
    }
}

extension [(AuditField, String)] {
    subscript(field: AuditField) -> String? { first { $0.0 == field }?.1 }
}
