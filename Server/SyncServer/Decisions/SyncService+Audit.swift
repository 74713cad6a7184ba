public import SyncProtocol
internal import SyncTrust

/// What a walk along every chain found; as scripts read it, too.
public struct AuditReport: Encodable, Hashable, Sendable {
    /// Where a chain breaks first.
    public struct Break: Encodable, Hashable, Sendable {
        /// The device.
        public var device: DeviceID
        /// What the operator calls it.
        public var name: String
        /// The number of the first change that does not fit.
        public var sequence: SequenceNumber
        /// A stable name for what is wrong: `change_missing`, `payload_altered`, `head_differs`.
        public var code: String
    }

    /// Chains walked.
    public var devices = 0
    /// Changes walked.
    public var changes = 0
    /// Changes whose payloads were redacted by law: their hashes were walked.
    public var redacted = 0
    /// Changes of recorded holes: nobody has them any more.
    public var missing = 0
    /// The first break of each chain that has one.
    public var breaks: [Break] = []
}

extension SyncService {
    // > [H-03] The chain of every device verifies from its first change to its head, redacted payloads
    // > included; the first break is named.

    /// Walks every device's chain; `progress` is told how many changes of how many were walked.
    ///
    /// Throws `role_forbidden`.
    public func auditChains(
        for principal: Principal,
        progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> AuditReport {
        try principal.check(.audit)
        let devices = try await store.read { try $0.devices() }
        let total = devices.reduce(0) { $0 + Int(Self.end(of: $1).rawValue) }
        var report = AuditReport()
        for device in devices {
            report.devices += 1
            try await walk(device, into: &report) { progress($0, total) }
        }
        return report
    }

    /// The last number of a device; of a damaged row, none above what a device can reach.
    private static func end(of device: StoredDevice) -> SequenceNumber {
        min(device.highWater, SequenceNumber(rawValue: 1 << 48))
    }

    private func walk(
        _ device: StoredDevice,
        into report: inout AuditReport,
        progress: (Int) -> Void
    ) async throws {
        var head = Chain.start
        var next = SequenceNumber.none.next
        func note(_ code: String, at sequence: SequenceNumber) {
            report.breaks.append(
                .init(device: device.id, name: device.name, sequence: sequence, code: code)
            )
        }
        let end = Self.end(of: device)
        let holes = device.holes.filter { $0.first <= $0.last && $0.last <= end }
        while next <= end {
            if let hole = holes.first(where: { $0.first == next }) {
                report.missing += Int(hole.last.rawValue - hole.first.rawValue) + 1
                (head, next) = (hole.chain, hole.last.next)
                continue
            }
            let last = SequenceNumber(
                rawValue: min(
                    next.rawValue + 999,
                    end.rawValue,
                    holes.map(\.first.rawValue).filter { $0 > next.rawValue }
                        .map { $0 - 1 }.min() ?? .max
                )
            )
            let range = next...last
            let changes = try await store.read { try $0.changes(countedFor: device, in: range) }
            for change in changes {
                guard change.sequence == next else { break }
                if change.isRedacted {
                    report.redacted += 1
                } else if Chain.hash(of: change.payload) != change.hash {
                    return note("payload_altered", at: change.sequence)
                }
                head = Chain.head(after: head, hash: change.hash)
                report.changes += 1
                next = next.next
            }
            guard next > last else { return note("change_missing", at: next) }
            progress(report.changes)
        }
        if head != device.chain { note("head_differs", at: device.highWater) }
    }
}
