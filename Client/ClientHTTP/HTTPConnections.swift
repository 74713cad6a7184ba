internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import SyncClient
internal import Synchronization

/// Connections to servers, each kept open for the round trips that follow.
///
/// Our own, small, on NIO: the HTTP client of the field has no hook for pinning a key, and would refuse a
/// certificate by a clock that stands in 2020.
final class HTTPConnections: Sendable {
    private let idle = Mutex<[ServerAddress: any Channel]>([:])
    private let group = MultiThreadedEventLoopGroup.singleton
    private let answerLimit: Int

    init(answerLimit: Int) { self.answerLimit = answerLimit }

    /// One round trip, which takes no longer than a time.
    func exchange(
        _ request: HTTPExchange.Request,
        with server: ServerAddress,
        timeout: TimeAmount
    ) async throws -> HTTPExchange.Answer {
        let kept = idle.withLock { $0.removeValue(forKey: server) }
        if let kept, kept.isActive {
            do {
                return try await exchange(request, on: kept, of: server, timeout)
            } catch is ConnectionClosed {
                // The server had closed it meanwhile: what comes twice is done once [Q-03].
            }
        }
        let answerLimit = answerLimit
        let (channel, trust) = try await open(to: server) { pipeline in
            try pipeline.addHandler(NIOHTTPClientResponseAggregator(maxContentLength: answerLimit))
            try pipeline.addHandler(HTTPExchange())
        }
        do {
            return try await exchange(request, on: channel, of: server, timeout)
        } catch {
            // Whatever the connection's end is called: it was ours not to go on.
            if trust?.hasRefused == true || ServerTrust.isRefusal(error) {
                throw ServerNotTrusted()
            }
            throw error
        }
    }

    /// Listens on a connection of its own, which ends with the stream.
    func listen(
        _ request: HTTPExchange.Request,
        at server: ServerAddress
    ) async throws -> EventListener.Events {
        let (stream, events) = EventListener.Events.makeStream(
            bufferingPolicy: .bufferingNewest(8)
        )
        let (channel, _) = try await open(to: server) { pipeline in
            // Half a minute lies between two beats.
            try pipeline.addHandler(IdleStateHandler(readTimeout: .seconds(75)))
            try pipeline.addHandler(EventListener(request, events))
        }
        events.onTermination = { _ in channel.close(promise: nil) }
        return stream
    }

    /// Closes what is open.
    func close() async throws {
        let channels = idle.withLock { idle in
            defer { idle = [:] }
            return Array(idle.values)
        }
        for channel in channels { try? await channel.close() }
    }

    private func exchange(
        _ request: HTTPExchange.Request,
        on channel: any Channel,
        of server: ServerAddress,
        _ timeout: TimeAmount
    ) async throws -> HTTPExchange.Answer {
        let promise = channel.eventLoop.makePromise(of: HTTPExchange.Answer.self)
        let deadline = channel.eventLoop.scheduleTask(in: timeout) {
            promise.fail(ConnectionTimedOut())
            channel.close(promise: nil)
        }
        // A connection that has died meanwhile has nobody any more who would answer for the promise.
        channel.writeAndFlush(HTTPExchange.Job(request: request, promise: promise))
            .whenFailure { _ in promise.fail(ConnectionClosed()) }
        let answer: HTTPExchange.Answer
        do {
            answer = try await withTaskCancellationHandler {
                try await promise.futureResult.get()
            } onCancel: {
                channel.close(promise: nil)
            }
        } catch {
            deadline.cancel()
            channel.close(promise: nil)
            throw error
        }
        deadline.cancel()
        if answer.head.isKeepAlive {
            let other = idle.withLock { $0.updateValue(channel, forKey: server) }
            other?.close(promise: nil)
        } else {
            channel.close(promise: nil)
        }
        return answer
    }

    /// A new connection, with what speaks on it behind HTTP.
    private func open(
        to server: ServerAddress,
        _ add: @escaping @Sendable (ChannelPipeline.SynchronousOperations) throws -> Void
    ) async throws -> (any Channel, ServerTrust?) {
        guard let place = Place(server.url), place.isSecure || server.pins.isEmpty else {
            throw AddressMalformed()
        }
        let tls = try place.isSecure ? ServerTrust(server, host: place.host) : nil
        let channel = try await ClientBootstrap(group: group)
            .connectTimeout(.seconds(10))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(tls.handler()) }
                    try pipeline.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
                    try add(pipeline)
                }
            }
            .connect(host: place.host, port: place.port).get()
        return (channel, tls)
    }
}

/// The server closed the connection before it answered.
struct ConnectionClosed: Error {}
/// No answer came in time.
struct ConnectionTimedOut: Error {}
/// Another than the server answered.
struct ServerNotTrusted: Error {}
/// The address is no `http://host:port`.
struct AddressMalformed: Error {}

/// The parts of a server's address.
struct Place: Hashable, Sendable {
    let isSecure: Bool
    let host: String
    let port: Int
    /// What stands before every path.
    let path: String

    /// What the Host header says.
    var authority: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? host : "\(host):\(port)"
    }

    init?(_ url: String) {
        let isSecure = url.hasPrefix("https://")
        guard isSecure || url.hasPrefix("http://") else { return nil }
        let whole = url.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "#" }
        let rest = whole.prefix { $0 != "/" }
        path = String(whole.dropFirst(rest.count))
        // An IPv6 address stands in brackets, since it has colons of its own.
        let name =
            rest.hasPrefix("[") ? rest.dropFirst().prefix { $0 != "]" } : rest.prefix { $0 != ":" }
        let behind =
            rest.hasPrefix("[") ? rest.drop { $0 != "]" }.dropFirst() : rest.dropFirst(name.count)
        guard !name.isEmpty else { return nil }
        if behind.isEmpty {
            port = isSecure ? 443 : 80
        } else {
            guard behind.hasPrefix(":"), let number = Int(behind.dropFirst()),
                (1...65_535).contains(number)
            else { return nil }
            port = number
        }
        self.isSecure = isSecure
        host = String(name)
    }
}
