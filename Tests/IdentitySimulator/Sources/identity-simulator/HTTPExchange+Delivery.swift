internal import ErpNet
internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

extension HTTPExchange {
    func whole(_ reply: Reply, goesOn: Bool) async throws {
        let bytes = reply.bytes
        try await outbound.write(.head(head(reply, length: bytes.count, goesOn: goesOn)))
        if !bytes.isEmpty { try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: bytes)))) }
        try await outbound.write(.end(nil))
    }

    /// The head announces the whole body.
    func half(_ reply: Reply) async throws {
        let bytes = reply.bytes
        try await outbound.write(.head(head(reply, length: bytes.count, goesOn: false)))
        try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: bytes.prefix(bytes.count / 2)))))
    }

    func drip(_ reply: Reply, every seconds: Double) async throws {
        let bytes = reply.bytes
        try await outbound.write(.head(head(reply, length: bytes.count, goesOn: false)))
        for byte in bytes {
            try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: [byte]))))
            try await Task.sleep(for: .seconds(seconds))
        }
        try await outbound.write(.end(nil))
    }

    /// Ends when the client disconnects and writing throws.
    func endless(_ reply: Reply) async throws {
        try await outbound.write(.head(head(reply, length: nil, goesOn: false)))
        let blanks = ByteBuffer(repeating: UInt8(ascii: " "), count: 16_384)
        while true {
            try await outbound.write(.body(.byteBuffer(blanks)))
            // a pause, so that one client does not starve the others
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    func end(_ ending: Fault.Ending, _ course: Identity.Course) async throws {
        switch ending {
        case .hang: try await park(course)
        case .close: try? await channel.close()
        case .reset: try await reset()
        }
    }

    /// Closes below TLS, so that neither a close_notify nor a FIN is sent.
    private func reset() async throws {
        try await channel.eventLoop.submit {
            _ = (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
            guard let tls = try? channel.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) else {
                return channel.close(promise: nil)
            }
            tls.close(promise: nil)
        }.get()
    }

    private func head(_ reply: Reply, length: Int?, goesOn: Bool) -> HTTPResponseHead {
        var headers = HTTPHeaders(reply.headers.map { ($0.name, $0.value) })
        if let length { headers.add(name: "Content-Length", value: String(length)) }
        if !goesOn { headers.add(name: "Connection", value: "close") }
        return HTTPResponseHead(version: .http1_1, status: .init(statusCode: reply.status), headers: headers)
    }
}
