extension Quirk {
    /// The response with this quirk. Members are changed in JSON objects only.
    func applied(to reply: Reply) -> Reply {
        var reply = reply
        switch self {
        case .contentType(let type): reply.set("Content-Type", type)
        case .member(let name, let value):
            guard case .json(let document) = reply.body else { return reply }
            reply.body = .json(value.map { document.setting(name, to: $0) } ?? document.removing(name))
        case .body(let body): body.apply(to: &reply)
        }
        return reply
    }
}

extension Quirk.Body {
    fileprivate func apply(to reply: inout Reply) {
        switch self {
        case .html: reply = .page("Something went wrong", status: reply.status)
        case .bom: reply.body = .bytes([0xEF, 0xBB, 0xBF] + reply.bytes)
        case .duplicate: reply.body = .json(doubled(reply))
        case .twoMiB: reply.body = .json(padded(reply))
        case .empty: reply.body = .bytes([])
        case .array: reply.body = .bytes(Array("[".utf8) + reply.bytes + Array("]".utf8))
        case .truncated: reply.body = .bytes(reply.bytes.dropLast())
        case .trailing: reply.body = .bytes(reply.bytes + Array("{}".utf8))
        case .latin1: reply.body = .bytes(Array("{\"note\":\"caf".utf8) + [0xE9] + Array("\",".utf8) + reply.bytes.dropFirst())
        case .deep: reply.body = .bytes(Array((String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)).utf8))
        case .error: reply.body = .json(["error": "invalid_grant"])
        }
    }

    private func doubled(_ reply: Reply) -> JSON {
        guard case .json(let document) = reply.body else { return [:] }
        return document.members.reduce(document) { $0.appending($1.name, "another \($1.name)") }
    }

    private func padded(_ reply: Reply) -> JSON {
        guard case .json(let document) = reply.body else { return [:] }
        let frame = document.appending("padding", "").description.utf8.count
        return document.appending("padding", .string(String(repeating: " ", count: max(0, (2 << 20) - frame))))
    }
}
