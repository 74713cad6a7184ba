internal import Hummingbird
internal import SyncServer

/// `/metrics`: what the programs counted as they ran, and what the database holds.
struct MetricsPage {
    private let service: SyncService
    private let metrics: PrometheusMetrics
    private let census: Census<Figures>

    /// What the whole database has to be read for.
    private struct Figures {
        var counts: Counts
        /// When each device that is in use was heard last, in milliseconds since 1970.
        var contacts: [Int64]
        var devicesOfEarlierEpochs: Int
        /// Since when the oldest open conflict, and the oldest returned change, wait; `nil` where none does.
        var waitingSince: (conflict: Int64?, returned: Int64?)
        /// By the server's clock, in milliseconds since 1970.
        var countedAt: Int64
    }

    /// `clock` gives seconds and only goes forward.
    init(
        of service: SyncService,
        _ metrics: PrometheusMetrics,
        clock: @escaping @Sendable () -> Double
    ) {
        (self.service, self.metrics) = (service, metrics)
        census = Census(clock: clock) {
            let inUse = try await service.devices().filter {
                $0.revoked == nil && $0.succession.rekeyedAt == nil
            }
            return Figures(
                counts: try await service.counts(),
                contacts: inUse.map { $0.lastContact ?? $0.enrolledAt },
                devicesOfEarlierEpochs: try await service.devicesOfEarlierEpochs(),
                waitingSince: try await service.waitingSince(),
                countedAt: service.now
            )
        }
    }

    /// The page, in Prometheus's text format.
    func response() async throws -> Response {
        let figures = try await census.figures
        let backup = try await service.lastBackup() ?? 0
        let gauges =
            gauges(of: figures.counts) + gauges(of: figures.contacts)
            + gauges(of: figures.waitingSince) + trafficGauges
            + [
                ("residence_last_backup_seconds", "\(backup / 1000)"),
                ("residence_devices_of_earlier_epochs", "\(figures.devicesOfEarlierEpochs)"),
                ("residence_last_count_seconds", "\(figures.countedAt / 1000)"),
            ]
        var named: Set<Substring> = []
        let text = gauges.map { name, value in
            let plain = name.prefix { $0 != "{" }
            let head = named.insert(plain).inserted ? "# TYPE \(plain) gauge\n" : ""
            return "\(head)\(name) \(value)\n"
        }.joined()
        return Response(
            status: .ok,
            headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: metrics.text + text))
        )
    }

    private typealias Gauge = (name: String, value: String)

    private func gauges(of counts: Counts) -> [Gauge] {
        [
            ("residence_records", counts.records.values.reduce(0, +)),
            ("residence_tombstones", counts.tombstones),
            ("residence_changes_accepted", counts.changes),
            ("residence_conflicts_open", counts.openConflicts),
            ("residence_changes_quarantined", counts.quarantined),
            ("residence_devices", counts.devices),
            ("residence_areas", counts.areas),
        ].map { ($0, "\($1)") }
    }

    /// How many devices have said nothing for days.
    private func gauges(of contacts: [Int64]) -> [Gauge] {
        [3, 7, 30].map { days in
            let since = service.now - Int64(days) * 86_400_000
            let silent = contacts.count { $0 < since }
            return ("residence_devices_silent{days=\"\(days)\"}", "\(silent)")
        }
    }

    private var trafficGauges: [Gauge] {
        let accesses = service.accessBacklog
        return [
            ("residence_accesses_waiting", "\(accesses.waiting)"),
            ("residence_accesses_lost", "\(accesses.lost)"),
            ("residence_event_streams", "\(service.watches)"),
        ]
    }

    /// For how long the oldest conflict that nobody has decided, and the oldest returned change that nobody has mended,
    /// have waited; 0 where none waits.
    private func gauges(of since: (conflict: Int64?, returned: Int64?)) -> [Gauge] {
        [
            ("residence_oldest_conflict_seconds", since.conflict),
            ("residence_oldest_returned_seconds", since.returned),
        ].map { name, time in
            (name, "\(time.map { max(0, service.now - $0) / 1000 } ?? 0)")
        }
    }
}
