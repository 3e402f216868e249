internal import ErpNet
internal import NIOCore
internal import NIOHTTP1

/// The connection of a client: handles requests until one of them ends it.
struct HTTPConnection: Sendable {
    private static let largestBody = 1 << 20

    let channel: HTTPChannel
    let site: Site
    let listener: ListenerKind
    let simulator: Simulator

    func serve() async {
        let number = await simulator.connectionNumber()
        try? await channel.executeThenClose { inbound, outbound in
            var parts = inbound.makeAsyncIterator()
            while let (request, keepsAlive) = try await next(&parts) {
                let exchange = HTTPExchange(
                    channel: channel.channel, outbound: outbound, simulator: simulator, request: request,
                    listener: listener, connection: number, keepsAlive: keepsAlive)
                guard await exchange.run() else { break }
            }
        }
    }

    /// The next request with its complete body; `nil` if there are no more.
    private func next(
        _ parts: inout NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator
    ) async throws -> (Request, keepsAlive: Bool)? {
        guard case .head(let head)? = try await parts.next() else { return nil }
        var body: [UInt8] = []
        while case .body(let buffer)? = try await parts.next() {
            body += buffer.readableBytesView
            guard body.count <= Self.largestBody else { return nil }
        }
        let headers = head.headers.map { Request.Header($0.name, $0.value) }
        return (Request(site: site, method: head.method.rawValue, target: head.uri, headers: headers, body: body), head.isKeepAlive)
    }
}
