/// Every field that an entry may have: the one list of keys, described in tokend(8).
package enum AuditField: String, Hashable, Sendable, CaseIterable {
    case message = "MESSAGE"
    case messageID = "MESSAGE_ID"
    case priority = "PRIORITY"
    case identifier = "SYSLOG_IDENTIFIER"
    case facility = "SYSLOG_FACILITY"

    case event = "TOKEND_EVENT"
    case decision = "TOKEND_DECISION"
    case count = "TOKEND_COUNT"
    case seconds = "TOKEND_SECONDS"
    case held = "TOKEND_HELD"

    case token = "TOKEND_TOKEN"
    case tokenID = "TOKEND_TOKEN_ID"
    case previousID = "TOKEND_PREVIOUS_ID"
    case scopes = "TOKEND_SCOPES"
    case expires = "TOKEND_EXPIRES"
    case remaining = "TOKEND_REMAINING"

    case consumer = "TOKEND_CONSUMER"
    case consumerUnit = "TOKEND_CONSUMER_UNIT"
    case consumerUID = "TOKEND_CONSUMER_UID"
    case consumerPID = "TOKEND_CONSUMER_PID"
    case consumerComm = "TOKEND_CONSUMER_COMM"
    case request = "TOKEND_REQUEST"
    case rule = "TOKEND_RULE"

    case reason = "TOKEND_REASON"
    case subject = "TOKEND_SUBJECT"
    case issuer = "TOKEND_ISSUER"
    case grant = "TOKEND_GRANT"
    case cause = "TOKEND_CAUSE"
    case oauthError = "TOKEND_OAUTH_ERROR"
    case status = "TOKEND_STATUS"
    case duration = "TOKEND_DURATION_MS"
    case retryAfter = "TOKEND_RETRY_AFTER"
}
