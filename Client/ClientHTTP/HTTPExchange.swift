internal import NIOCore
internal import NIOHTTP1

/// One request at a time on a connection, and the answer to it.
final class HTTPExchange: ChannelDuplexHandler {
    typealias InboundIn = NIOHTTPClientResponseFull
    typealias OutboundIn = Job
    typealias OutboundOut = HTTPClientRequestPart

    /// What is asked.
    struct Request: Sendable {
        var method: HTTPMethod
        var path: String
        var headers: HTTPHeaders
        var body: ByteBuffer?
    }

    /// What is answered.
    struct Answer: Sendable {
        var head: HTTPResponseHead
        var body: [UInt8]
    }

    /// A request, and who waits for the answer.
    struct Job: Sendable {
        var request: Request
        var promise: EventLoopPromise<Answer>
    }

    private var waiting: EventLoopPromise<Answer>?

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let job = unwrapOutboundIn(data)
        waiting = job.promise
        let head = HTTPRequestHead(
            version: .http1_1,
            method: job.request.method,
            uri: job.request.path,
            headers: job.request.headers
        )
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let body = job.request.body {
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let full = unwrapInboundIn(data)
        let body = full.body.map { Array($0.readableBytesView) } ?? []
        finish(.success(Answer(head: full.head, body: body)))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(.failure(error))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.failure(ConnectionClosed()))
        context.fireChannelInactive()
    }

    private func finish(_ result: Result<Answer, any Error>) {
        waiting?.completeWith(result)
        waiting = nil
    }
}
