internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import ServiceLifecycle
internal import SyncProtocol
internal import SyncServer

/// `GET /v1/events`: tells devices that there is something to read, as long as they listen.
///
/// A stream holds no place among the requests that are worked on: it waits, and is worked on when it is woken.
struct EventRoutes: Sendable {
    let service: SyncService
    let door: Door

    func add(to router: Router<SyncRequestContext>) { router.get("/v1/events", use: events) }

    @Sendable
    private func events(_ request: Request, _ context: SyncRequestContext) async throws -> Response
    {
        // What a task takes for calls within calls it keeps until it ends, which is in hours here: a signature is
        // checked in another one.
        let device = try await Task { [door] in try await door.device(request, context) }.value
        let known = HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] }
        let channel = context.channel
        // > [S-05] Beyond as many streams as the server takes, the next one is answered 503, `streams_full`.
        guard
            let watch = service.watch(
                for: device,
                knowing: known.flatMap { NewsMark($0) },
                limit: door.limits.streams,
                drop: { channel.close(promise: nil) }
            )
        else { throw Door.refusal(.streamsFull, after: 10) }
        let stream = EventStream(service: service, watch: watch)
        return Response(
            status: .ok,
            headers: EventStream.headers,
            body: ResponseBody { writer in
                // > [S-06] A server that ends says `goodbye` and ends the streams: they keep no server from ending.
                try await withGracefulShutdownHandler {
                    try await stream.run(&writer)
                } onGracefulShutdown: {
                    watch.put(.goodbye)
                }
            }
        )
    }
}

/// One device's stream: its watch ends with it, even where nobody ever reads from it.
private final class EventStream: Sendable {
    private let service: SyncService
    private let watch: NewsWatch

    init(service: SyncService, watch: NewsWatch) { (self.service, self.watch) = (service, watch) }

    deinit { service.end(watch) }

    static let headers: HTTPFields = {
        var headers: HTTPFields = [.contentType: RequestLog<SyncRequestContext>.stream]
        headers[.cacheControl] = "no-store"
        // nginx passes on what comes, instead of waiting for more.
        if let name = HTTPField.Name("X-Accel-Buffering") { headers[name] = "no" }
        return headers
    }()

    @concurrent
    func run(_ writer: inout any ResponseBodyWriter) async throws {
        defer { service.end(watch) }
        var word = NewsWatch.Word.beat
        while true {
            try await writer.write(ByteBuffer(string: Self.text(word)))
            if word.isLast { break }
            word = await watch.next()
        }
        try await writer.finish(nil)
    }

    private static func text(_ word: NewsWatch.Word) -> String {
        switch word {
        case .beat: ":\n\n"
        case .news(let mark): "event: news\nid: \(mark)\ndata: {}\n\n"
        // > [S-04] A device that is suspended or revoked gets a last event, and its stream ends.
        case .outOfUse: "event: news\ndata: {}\n\n"
        case .replaced: "event: goodbye\nretry: 60000\ndata: {}\n\n"
        case .goodbye:
            "event: goodbye\nretry: \(Int.random(in: 1_000...10_000))\ndata: {}\n\n"
        }
    }
}

/// What streams need beside requests: the beat, and an ear for other processes.
struct NewsKeeper: Service {
    let service: SyncService

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await service.listen() }
                var turn = 0
                while !Task.isCancelled {
                    try? await ContinuousClock().sleep(for: .seconds(1))
                    service.beat(turn)
                    turn += 1
                }
            }
        }
    }
}

extension SyncError {
    fileprivate static let streamsFull = SyncError(
        "streams_full",
        "实时通知的连接已满 As many devices listen for news as the server takes",
        hint: "照常同步即可，稍后再试。 Sync now and then instead, and try again as Retry-After says."
    )
}
