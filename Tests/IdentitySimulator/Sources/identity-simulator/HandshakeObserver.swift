internal import NIOCore
internal import NIOTLS

/// An event of a connection before its first request.
enum ConnectionEvent: Sendable {
    case opened
    case handshakeCompleted
    case handshakeFailed
}

/// Reports the result of the TLS handshake once.
final class HandshakeObserver: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    private let events: AsyncStream<ConnectionEvent>.Continuation
    private var isPending = true

    init(_ events: AsyncStream<ConnectionEvent>.Continuation) { self.events = events }

    func channelActive(context: ChannelHandlerContext) {
        events.yield(.opened)
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { end(.handshakeCompleted) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.handshakeFailed)
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.handshakeFailed)
        context.fireChannelInactive()
    }

    private func end(_ event: ConnectionEvent) {
        guard isPending else { return }
        isPending = false
        events.yield(event)
    }
}
