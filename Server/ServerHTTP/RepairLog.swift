internal import Logging
internal import Metrics
internal import SyncProtocol

/// Tells the operator that a device's copy had differed: in the log and in the metrics [G-02].
enum RepairLog {
    private static let requests = "residence_repair_requests"
    private static let records = "residence_repair_records"

    /// Lists both counters before anything was repaired: an alert cannot watch what is not there.
    static func list(in metrics: PrometheusMetrics) {
        for label in [requests, records] { _ = metrics.makeCounter(label: label, dimensions: []) }
    }

    static func note(_ answer: RepairResponse, for device: DeviceID, _ logger: Logger) {
        Counter(label: requests).increment()
        guard !answer.leaves.isEmpty else { return }
        let count = answer.leaves.reduce(0) { $0 + $1.records.count }
        Counter(label: records).increment(by: count)
        logger.warning(
            "a device's copy differed and is repaired",
            metadata: [
                "device": "\(device.description.prefix(12))", "branches": "\(answer.leaves.count)",
                "records": "\(count)",
            ]
        )
    }
}
