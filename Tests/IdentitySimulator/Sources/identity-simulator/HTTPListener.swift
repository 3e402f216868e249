internal import ErpNet
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

typealias HTTPChannel = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

/// Sockets on one port with one certificate.
struct HTTPListener: Sendable {
    private typealias Server = NIOAsyncChannel<HTTPChannel, Never>

    let kind: ListenerKind
    let port: Int
    private let servers: [Server]

    /// The base URL for clients.
    var site: Site { Site(root: "\(kind.scheme)://localhost:\(port)") }

    /// - Parameters:
    ///   - addresses: IPv4 or IPv6; empty is both loopback addresses if the machine has them.
    ///   - port: 0 chooses a port that is free on all addresses.
    static func bind(
        _ kind: ListenerKind, addresses: [String], port: Int, tls: NIOSSLContext?, events: AsyncStream<ConnectionEvent>.Continuation
    ) async throws -> HTTPListener {
        let wanted = addresses.isEmpty ? ["127.0.0.1"] : addresses
        let first = try await bind(wanted[0], port: port, tls: tls, events: events)
        let chosen = first.channel.localAddress?.port ?? port
        var servers = [first]
        do {
            for address in wanted.dropFirst() { servers.append(try await bind(address, port: chosen, tls: tls, events: events)) }
        } catch {
            for server in servers { try? await server.channel.close() }
            guard port == 0 else { throw error }
            return try await bind(kind, addresses: addresses, port: 0, tls: tls, events: events)
        }
        if addresses.isEmpty, let six = try? await bind("::1", port: chosen, tls: tls, events: events) { servers.append(six) }
        return HTTPListener(kind: kind, port: chosen, servers: servers)
    }

    /// Serves until the sockets are closed.
    func serve(_ simulator: Simulator) async {
        await withDiscardingTaskGroup { group in
            for server in servers {
                group.addTask { await accept(server, simulator) }
            }
        }
    }

    func close() async {
        for server in servers { try? await server.channel.close() }
    }

    private func accept(_ server: Server, _ simulator: Simulator) async {
        try? await server.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await channel in connections {
                    group.addTask { await HTTPConnection(channel: channel, site: site, listener: kind, simulator: simulator).serve() }
                }
            }
        }
    }

    private static func bind(
        _ address: String, port: Int, tls: NIOSSLContext?, events: AsyncStream<ConnectionEvent>.Continuation
    ) async throws -> Server {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .bind(to: try SocketAddress(ipAddress: address, port: port)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        try pipeline.addHandler(NIOSSLServerHandler(context: tls))
                        try pipeline.addHandler(HandshakeObserver(events))
                    }
                    // without the pipelining handler, a disconnect is noticed while a response is held back
                    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                }
            }
    }
}
