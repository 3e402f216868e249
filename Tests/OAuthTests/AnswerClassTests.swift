import Testing
@testable import OAuth

/// The class of a response without a token: one row per status and error, one column per type of request.
struct `The class of an answer` {
    typealias Law = ExchangeFailure.Law
    typealias Row = (status: Int, error: String?, machine: Law, code: Law, refresh: Law, imported: Law, question: Law)

    private static let wait = Law.answered(retryAfter: 7)

    private static func same(_ status: Int, _ error: String?, _ law: Law) -> Row { (status, error, law, law, law, law, law) }
    private static func lost(_ status: Int) -> Row { (status, nil, .unknown, .unknown, .unknown, .unknown, wait) }
    private static func over(_ status: Int, _ error: String) -> Row { (status, error, .configuration, .no, .no, .no, .configuration) }

    private static let answered: [Row] = [
        same(429, nil, wait), same(500, nil, wait), same(503, nil, wait), same(429, "invalid_client", wait), same(500, "invalid_grant", wait),
        same(503, "invalid_grant", wait), same(400, "temporarily_unavailable", wait), same(400, "server_error", wait), same(401, "server_error", wait),
        same(400, "internal_failure", wait), same(400, "rate_limit_exceeded", wait), same(400, "slow_down", wait), same(200, "slow_down", wait),
    ]
    private static let unknown: [Row] = [lost(408), lost(502), lost(504), lost(501), lost(520), lost(599), lost(200), lost(204)]
    private static let silent: [Row] = [
        same(301, nil, .silent), same(302, nil, .silent), same(307, nil, .silent), same(308, "invalid_grant", .silent), same(400, nil, .silent),
        same(401, nil, .silent), same(403, nil, .silent), same(404, nil, .silent), same(405, nil, .silent), same(410, nil, .silent),
        same(415, nil, .silent), same(421, nil, .silent), same(425, nil, .silent), same(451, nil, .silent), same(404, "Not Found", .silent),
        same(401, "Unauthorized", .silent),
        same(403, "Forbidden", .silent), same(400, "Bad Request", .silent),
    ]
    private static let ended: [Row] = [
        over(400, "invalid_grant"), over(401, "invalid_grant"), over(401, "invalid_token"), over(400, "invalid_refresh_token"),
        over(200, "bad_refresh_token"), over(400, "expired_token"), over(400, "interaction_required"), over(400, "login_required"),
        over(400, "consent_required"), over(403, "access_denied"),
        (400, "invalid_request", .configuration, .configuration, .no, .configuration, .configuration),
    ]
    private static let wrong: [Row] = [
        same(401, "invalid_client", .configuration), same(400, "unauthorized_client", .configuration), same(400, "invalid_scope", .configuration),
        same(400, "invalid_target", .configuration), same(400, "unsupported_grant_type", .configuration), same(400, "something_new", .configuration),
        same(404, "not_found", .configuration), same(200, "invalid_client", .configuration),
    ]

    @Test(arguments: answered + unknown + silent + ended + wrong)
    func `ERR-01 RT-10 RT-12 RT-13 the class depends on the status, the error and the request`(row: Row) {
        let found = { (sent: ExchangeFailure.Sent) in Law(status: row.status, error: row.error, to: sent, retryAfter: 7) }
        #expect(found(.clientCredentials) == row.machine)
        #expect(found(.code) == row.code)
        #expect(found(.provenRefreshToken) == row.refresh)
        #expect(found(.importedRefreshToken) == row.imported)
        #expect(found(.question) == row.question)
    }

    @Test(
        arguments: [
            (429, nil, ExchangeFailure.Reach.client), (503, nil, .server), (400, "rate_limit_exceeded", .client), (400, "slow_down", .client),
            (500, nil, .credential), (400, "invalid_client", .credential), (404, nil, .credential), (503, "slow_down", .server),
        ] as [(Int, String?, ExchangeFailure.Reach)])
    func `ERR-05 a rate limit concerns one client, and an unavailable server concerns all`(
        status: Int, error: String?, reach: ExchangeFailure.Reach
    ) {
        #expect(ExchangeFailure.Reach(status: status, error: error) == reach)
    }
}
