internal import Logging
internal import Metrics
internal import SyncProtocol

/// Tells the operator that a device's copy had differed: in the log and in the metrics [G-02].
enum RepairLog {
    static func note(_ answer: RepairResponse, for device: DeviceID, _ logger: Logger) {
        Counter(label: "residence_repair_requests").increment()
        guard !answer.leaves.isEmpty else { return }
        let records = answer.leaves.reduce(0) { $0 + $1.records.count }
        Counter(label: "residence_repair_records").increment(by: records)
        logger.warning(
            "a device's copy differed and is repaired",
            metadata: [
                "device": "\(device.description.prefix(12))", "branches": "\(answer.leaves.count)",
                "records": "\(records)",
            ]
        )
    }
}
