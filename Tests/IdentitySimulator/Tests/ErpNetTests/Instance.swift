import ErpNet
import Keys
import Testing

/// An instance at a fixed time, asked without sockets.
struct Instance {
    static let site = Site(root: "https://orchid.my.erp.net")
    static let start = 1_790_000_000
    static let key = Result { try RSAKey.generate() }

    var identity: Identity
    var wall = Instance.start

    init() throws {
        identity = Identity(database: "ORCHID PROD", signing: try Self.key.get(), accessTTL: 3600)
    }

    mutating func ask(_ method: String, _ target: String, _ headers: [(String, String)] = [], body: String = "") -> Reply {
        let request = Request(
            site: Self.site, method: method, target: target, headers: headers.map { Request.Header($0.0, $0.1) }, body: Array(body.utf8))
        let course = identity.arrive(request, Arrival(listener: "main", connection: 1, elapsed: 0), wall: wall)
        let reply = identity.answer(request, under: course.fault, wall: wall)
        _ = identity.finish(course, request.route, .init(reply: reply, delivery: "whole"))
        return reply
    }

    mutating func token(_ body: String, _ headers: [(String, String)] = []) -> Reply {
        ask("POST", "/id/connect/token", [("Content-Type", "application/x-www-form-urlencoded")] + headers, body: body)
    }

    /// A service token of the `machine` client.
    mutating func serviceToken(scope: String = "read%20update") throws -> String {
        try #require(token(Self.machine + "&scope=" + scope).accessToken)
    }

    mutating func api(_ headers: (String, String)..., method: String = "GET") -> Reply {
        ask(method, "/api/domain/odata/General_Products_Products?$top=1", headers)
    }

    @discardableResult
    mutating func control(_ line: String) throws -> JSON {
        try #require(try identity.perform(ControlLine(line), wall: wall))
    }

    static let machine = "grant_type=client_credentials&client_id=demo.app%2Fsync&client_secret=sync-secret-0123456789abcdef"
}

/// The document of an answer.
func document(_ reply: Reply) throws -> JSON {
    guard case .json(let document) = reply.body else { throw NoDocument() }
    return document
}

struct NoDocument: Error {}
