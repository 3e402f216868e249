internal import ErpNet
internal import NIOCore
internal import NIOPosix

/// `DIR/control.sock`: each line is answered by a line of JSON, in order.
struct ControlSocket: Sendable {
    private let server: NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>, Never>
    private let control: Control

    static func bind(_ path: String, _ control: Control) async throws -> ControlSocket {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true) { channel in
                channel.eventLoop.makeCompletedFuture {
                    // a client that half-closes still gets its answers
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        return ControlSocket(server: server, control: control)
    }

    func serve() async {
        try? await server.executeThenClose { clients in
            try await withThrowingDiscardingTaskGroup { group in
                for try await client in clients {
                    group.addTask { await serve(client) }
                }
            }
        }
    }

    private func serve(_ client: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async {
        try? await client.executeThenClose { inbound, outbound in
            var pending = ByteBuffer()
            for try await buffer in inbound {
                pending.writeImmutableBuffer(buffer)
                while let line = Self.line(&pending) {
                    try await outbound.write(ByteBuffer(string: await control.answer(line) + "\n"))
                }
            }
            guard pending.readableBytes > 0 else { return }
            try await outbound.write(ByteBuffer(string: await control.answer(String(buffer: pending)) + "\n"))
        }
    }

    /// The next complete line, without its line end.
    private static func line(_ pending: inout ByteBuffer) -> String? {
        guard let end = pending.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = pending.readString(length: end - pending.readerIndex)
        pending.moveReaderIndex(forwardBy: 1)
        return line
    }
}
