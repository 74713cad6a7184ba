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
        let door = Door(of: service, limits: traffic, clock: clock ?? Door.monotonic)
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
        router.get("/metrics") { _, _ in try await metricsPage(service, metrics) }
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

    private static func metricsPage(
        _ service: SyncService,
        _ metrics: PrometheusMetrics
    ) async throws -> Response {
        let counts = try await service.counts()
        let text =
            metrics.text + gauges(counts, service.accessBacklog, streams: service.watches)
            + (try await ageGauges(service)) + (try await restoreGauges(service))
        return Response(
            status: .ok,
            headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: text))
        )
    }

    /// For how long the oldest conflict that nobody has decided, and the oldest returned change that nobody has mended,
    /// have waited; 0 where none waits.
    private static func ageGauges(_ service: SyncService) async throws -> String {
        let since = try await service.waitingSince()
        let ages = [
            ("residence_oldest_conflict_seconds", since.conflict),
            ("residence_oldest_returned_seconds", since.returned),
        ]
        return ages.map { name, time in
            let seconds = time.map { max(0, service.now - $0) / 1000 } ?? 0
            return "# TYPE \(name) gauge\n\(name) \(seconds)\n"
        }.joined()
    }

    /// When the last verified backup was begun, how many devices have not come back since a restore, and how many
    /// have said nothing for days.
    private static func restoreGauges(_ service: SyncService) async throws -> String {
        let (began, behind) = try await (service.lastBackup(), service.devicesOfEarlierEpochs())
        let backup = began.map { "\($0 / 1000)" } ?? "0"
        let contacts = try await service.devices().filter {
            $0.revoked == nil && $0.succession.rekeyedAt == nil
        }
        .map { $0.lastContact ?? $0.enrolledAt }
        let silent = [3, 7, 30].map { days in
            let since = service.now - Int64(days) * 86_400_000
            return "residence_devices_silent{days=\"\(days)\"} \(contacts.count { $0 < since })"
        }
        return """
            # TYPE residence_last_backup_seconds gauge
            residence_last_backup_seconds \(backup)
            # TYPE residence_devices_of_earlier_epochs gauge
            residence_devices_of_earlier_epochs \(behind)
            # TYPE residence_devices_silent gauge
            \(silent.joined(separator: "\n"))

            """
    }

    private static func gauges(
        _ counts: Counts,
        _ accesses: (waiting: Int, lost: Int),
        streams: Int
    ) -> String {
        let gauges: [(name: String, value: Int)] = [
            ("residence_records", counts.records.values.reduce(0, +)),
            ("residence_tombstones", counts.tombstones),
            ("residence_changes_accepted", counts.changes),
            ("residence_conflicts_open", counts.openConflicts),
            ("residence_changes_quarantined", counts.quarantined),
            ("residence_devices", counts.devices),
            ("residence_areas", counts.areas),
            ("residence_accesses_waiting", accesses.waiting),
            ("residence_accesses_lost", accesses.lost),
            ("residence_event_streams", streams),
        ]
        return gauges.map { "# TYPE \($0.name) gauge\n\($0.name) \($0.value)\n" }.joined()
    }
}
