/// One HTTP response, before a fault truncates, delays or drops it.
package struct Reply: Equatable, Sendable {
    package enum Body: Equatable, Sendable {
        case json(JSON)
        case bytes([UInt8])
    }

    package var status: Int
    package var headers: [Request.Header]
    package var body: Body
    /// The error code of a response that is a page or a redirect, for the audit log.
    package var problem: String?

    package init(status: Int, headers: [Request.Header], body: Body) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package var bytes: [UInt8] {
        switch body {
        case .json(let value): Array(value.description.utf8)
        case .bytes(let bytes): bytes
        }
    }

    /// The error code of the response, for the audit log.
    package var error: String? { member("error") ?? problem }

    /// Secret: only its fingerprint may be logged.
    package var accessToken: String? { member("access_token") }

    /// Secret: only its fingerprint may be logged.
    package var refreshToken: String? { member("refresh_token") }

    /// Secret: only its fingerprint may be logged.
    package var identityToken: String? { member("id_token") }

    /// A string member of a JSON response.
    private func member(_ name: String) -> String? {
        guard case .json(let value) = body, case .string(let text)? = value[name] else { return nil }
        return text
    }

    package mutating func set(_ name: String, _ value: String?) {
        headers.removeAll { $0.name.lowercased() == name.lowercased() }
        if let value { headers.append(Request.Header(name, value)) }
    }
}

extension Reply {
    package static func json(_ value: JSON, status: Int = 200) -> Reply {
        Reply(status: status, headers: [Request.Header("Content-Type", "application/json; charset=UTF-8")], body: .json(value))
    }

    package static func text(_ text: String, status: Int = 200) -> Reply {
        Reply(status: status, headers: [Request.Header("Content-Type", "text/plain; charset=UTF-8")], body: .bytes(Array(text.utf8)))
    }

    package static func page(_ title: String, status: Int) -> Reply {
        let html = "<!DOCTYPE html>\n<html><head><title>\(title)</title></head><body><h1>\(title)</h1></body></html>\n"
        return Reply(status: status, headers: [Request.Header("Content-Type", "text/html; charset=UTF-8")], body: .bytes(Array(html.utf8)))
    }

    package static func nothing(status: Int) -> Reply {
        Reply(status: status, headers: [], body: .bytes([]))
    }

    /// The response to methods other than `GET` and `HEAD`.
    package static var wrongMethod: Reply {
        var reply = nothing(status: 405)
        reply.set("Allow", "GET")
        return reply
    }

    /// The headers of every token response, including errors (RFC 6749 section 5.1).
    package func notStored() -> Reply {
        var reply = self
        reply.set("Cache-Control", "no-store, no-cache, max-age=0")
        reply.set("Pragma", "no-cache")
        return reply
    }
}
