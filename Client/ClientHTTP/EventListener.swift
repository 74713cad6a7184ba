internal import NIOCore
internal import NIOHTTP1
internal import SyncClient

/// Asks for a stream of events on a connection of its own, and passes on what comes.
final class EventListener: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart
    typealias Events = AsyncThrowingStream<NewsEvent, any Error>

    private let request: HTTPExchange.Request
    private let events: Events.Continuation
    private var parser = EventParser()
    /// What was answered instead of a stream.
    private var refusal: HTTPExchange.Answer?

    init(_ request: HTTPExchange.Request, _ events: Events.Continuation) {
        (self.request, self.events) = (request, events)
    }

    func channelActive(context: ChannelHandlerContext) {
        let head = HTTPRequestHead(
            version: .http1_1,
            method: request.method,
            uri: request.path,
            headers: request.headers
        )
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            let type = head.headers.first(name: "Content-Type") ?? ""
            guard head.status != .ok || !type.hasPrefix("text/event-stream") else { return }
            refusal = HTTPExchange.Answer(head: head, body: [])
        case .body(let bytes):
            guard refusal == nil else {
                refusal?.body += bytes.readableBytesView.prefix(65_536)
                if refusal?.body.count ?? 0 > 65_536 { end(nil, context) }
                return
            }
            do {
                for event in try parser.read(bytes.readableBytesView) { events.yield(event) }
            } catch {
                end(error, context)
            }
        case .end: end(nil, context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Not even a beat: what is between here and the server holds it back, or the server is gone.
        if event is IdleStateHandler.IdleStateEvent { return end(ConnectionTimedOut(), context) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { end(error, context) }

    func channelInactive(context: ChannelHandlerContext) {
        events.finish(throwing: ConnectionClosed())
        context.fireChannelInactive()
    }

    private func end(_ error: (any Error)?, _ context: ChannelHandlerContext) {
        events.finish(throwing: error ?? refusal.map { HTTPTransport.failure($0) })
        context.close(promise: nil)
    }
}
