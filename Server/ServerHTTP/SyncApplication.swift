public import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
public import Logging
public import NIOCore
public import ServiceLifecycle
public import SyncProtocol
public import SyncServer

/// The context of one request: what Hummingbird keeps, and the device once its token was checked.
public struct SyncRequestContext: RequestContext, RemoteAddressRequestContext {
    /// Hummingbird's own.
    public var coreContext: CoreRequestContextStorage
    /// Who is at the other end of the connection.
    public let remoteAddress: SocketAddress?
    /// The connection, which is closed where nobody reads from it any more.
    let channel: any Channel
    let visit = Visit()

    /// Under which Hummingbird keeps a request's id.
    private static let idKey = "hb.request.id"

    /// A context for a request that arrives.
    public init(source: ApplicationRequestContextSource) {
        var logger = source.logger
        // The other half is the same as long as the process lives, and would travel with every answer.
        let id = logger[metadataKey: Self.idKey]?.description.suffix(16)
        logger[metadataKey: Self.idKey] = id.map { "\($0)" }
        coreContext = CoreRequestContextStorage(
            source: ApplicationRequestContextSource(channel: source.channel, logger: logger)
        )
        remoteAddress = source.channel.remoteAddress
        channel = source.channel
    }
}

/// The routes of the sync service.
public enum SyncApplication {
    /// A router that serves everything that the service offers.
    ///
    /// `clock` gives the seconds by which traffic is measured; the machine's, which only goes forward, by default.
    public static func router(
        for service: SyncService,
        limits: Limits = Limits(),
        traffic: TrafficLimits = TrafficLimits(),
        clock: (@Sendable () -> Double)? = nil,
        metrics: PrometheusMetrics
    ) -> Router<SyncRequestContext> {
        let router = Router(context: SyncRequestContext.self)
        RepairLog.list(in: metrics)
        let clock = clock ?? Door.monotonic
        let door = Door(of: service, limits: traffic, clock: clock)
        let page = MetricsPage(of: service, metrics, clock: clock)
        router.addMiddleware {
            RequestLog()
            MetricsMiddleware()
            ProblemResponses(clock: { service.now })
            DoorKeeper(door: door)
        }
        router.get("/health/live") { _, _ in "live\n" }
        router.get("/health/ready") { _, _ in
            // Whether the database answers; what it holds costs more the more there is.
            _ = try await service.lastBackup()
            return "ready\n"
        }
        router.get("/metrics") { _, _ in try await page.response() }
        SyncRoutes(service: service, door: door, limits: limits).add(to: router)
        RecordRoutes(service: service, door: door, limits: limits).add(to: router)
        DecisionRoutes(service: service, door: door, limits: limits).add(to: router)
        EventRoutes(service: service, door: door).add(to: router)
        router.add(middleware: MethodsAllowed(of: router))
        return router
    }

    /// The service on a socket, under TLS where there is a certificate; port 0 takes a free one.
    ///
    /// `onListening` is told which.
    public static func application(
        for service: SyncService,
        host: String,
        port: Int,
        certificate: CertificateFiles? = nil,
        traffic: TrafficLimits = TrafficLimits(),
        metrics: PrometheusMetrics,
        logger: Logger,
        services: [any Service]? = nil,
        onListening: @escaping @Sendable (Int) async -> Void
    ) throws -> Application<RouterResponder<SyncRequestContext>> {
        // Whoever holds a connection and says nothing gives it up, in the middle of a header, too.
        let connections = ConnectionCount(
            limit: traffic.addressConnections,
            exempt: traffic.proxies
        )
        let plain = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [ConnectionCounter(connections)],
                idleTimeout: .seconds(75),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: traffic.headerBytes,
                    maxHeaderListSize: traffic.headerBytes,
                    maxHeaderFieldCount: 100
                )
            )
        )
        let server: HTTPServerBuilder =
            if let certificate {
                try .tls(
                    plain,
                    tlsConfiguration: certificate.configuration(
                        now: { service.now },
                        logger: logger
                    )
                )
            } else { plain }
        return Application(
            router: router(for: service, traffic: traffic, metrics: metrics),
            server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: MaximumAvailableConnections(traffic.connections)
            ),
            services: services ?? [NewsKeeper(service: service)],
            onServerRunning: { channel in
                await onListening(channel.localAddress?.port ?? port)
            },
            logger: logger
        )
    }

    // > [A-16] A device that was enrolled over plain HTTP follows to the https address that is announced.

    /// The same service without TLS, for devices that have not heard of it yet; runs beside the application.
    public static func plainBeside(
        _ service: SyncService,
        host: String,
        port: Int,
        traffic: TrafficLimits,
        metrics: PrometheusMetrics,
        logger: Logger
    ) throws -> any Service {
        try application(
            for: service,
            host: host,
            port: port,
            traffic: traffic,
            metrics: metrics,
            logger: logger,
            services: [],
            onListening: { _ in }
        )
    }
}
