public import SyncProtocol
internal import SyncTrust

/// What came back since the server was restored, and what people have to decide again.
public struct RecoveryReport: Sendable {
    /// Every epoch that the database knows of, the first one first.
    public var epochs: [EpochBeginning] = []
    /// Devices that have not synced in this epoch yet: what they hold is not back.
    public var missing: [StoredDevice] = []
    /// Devices that wait to be confirmed.
    public var waiting: [StoredDevice] = []
    /// Devices of which something is gone for good.
    public var holed: [StoredDevice] = []
    /// Changes that were taken in this epoch.
    public var changes = 0
    /// How many of them were copies that some device still held.
    public var recovered = 0
    /// Conflicts that are open: also one that was open in the backup may have been decided before it was restored.
    public var conflicts: [ConflictEntry] = []
    /// Returned changes about which nothing is decided: or nothing that is still known.
    public var returned: [ReturnedChange] = []
    /// Records that a device says were erased by law before the restore: to be erased again.
    public var erasures: [RecordID] = []

    /// Whether the database was ever restored.
    public var wasRestored: Bool { epochs.count > 1 }
    /// The time of which no device can tell what was decided at the server, in milliseconds since 1970.
    ///
    /// From the last backup, where its time is known, to the last epoch's beginning: what was revoked, suspended,
    /// assigned, drawn anew.
    public var unknown: (from: Int64?, to: Int64)? {
        guard wasRestored, let last = epochs.last else { return nil }
        return (last.backupMadeAt, last.beganAt)
    }

    /// A report of nothing.
    public init() {}
}

extension SyncService {
    /// What came back since the last restore, and what is to be decided again.
    ///
    /// Throws `role_forbidden`.
    public func recovery(for principal: Principal) async throws -> RecoveryReport {
        try principal.check(.audit)
        let server = identity.key.publicKey.deviceID
        let report = try await store.read { transaction in
            var report = RecoveryReport()
            report.epochs = try transaction.epochs()
            guard report.wasRestored else { return report }
            let epoch = try transaction.epoch()
            let devices = try transaction.devices().filter { $0.id != server }
            report.missing = devices.filter { $0.claimed == nil && $0.lastEpoch != epoch }
            report.waiting = devices.filter { $0.claimed != nil }
            report.holed = devices.filter { !$0.holes.isEmpty }
            report.conflicts = try transaction.openConflicts(after: nil, limit: 10_000)
            report.returned = try transaction.returned(after: 0, unsettledOnly: true, limit: 10_000)
            for device in devices {
                for change in try transaction.recent(of: device, since: epoch) {
                    report.changes += 1
                    guard let parsed = try? Change(payload: change.payload, epoch: change.epoch),
                        parsed.isRecovered
                    else { continue }
                    report.recovered += 1
                    if parsed.saysErased { report.erasures.append(parsed.record) }
                }
            }
            return report
        }
        let told = report.conflicts.count + report.returned.count
        if told > 0 {
            let records =
                report.conflicts.map(\.record) + report.returned.compactMap(\.change.record)
            await note(.recovery, records, count: told, by: principal)
        }
        return report
    }
}

extension SyncService {
    /// How many devices have synced in an earlier epoch, and not in this one.
    public func devicesOfEarlierEpochs() async throws -> Int {
        try await store.read { transaction in
            let epoch = try transaction.epoch()
            return try transaction.devices().count { device in
                // One that was re-keyed comes back under its new key.
                device.lastEpoch != .none && device.lastEpoch < epoch
                    && device.succession.rekeyedAt == nil
            }
        }
    }
}

extension StoreReader {
    /// A device's changes that were taken in an epoch, the latest first.
    fileprivate func recent(of device: StoredDevice, since epoch: Epoch) throws -> [StoredChange] {
        var found: [StoredChange] = []
        var last = device.highWater.rawValue
        while last > 0 {
            let first = last > 500 ? last - 499 : 1
            let range =
                SequenceNumber(rawValue: first)...SequenceNumber(rawValue: last)
            let page = try changes(of: device.id, in: range)
            let recent = page.filter { $0.epoch >= epoch }
            found += recent.reversed()
            if recent.count < page.count || page.isEmpty { break }
            last = first - 1
        }
        return found
    }
}
