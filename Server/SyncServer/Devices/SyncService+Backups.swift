public import SyncProtocol

extension StoreTransaction {
    /// Notes that a backup is begun, so that the backup knows when.
    public func noteBackupBegan(at now: Int64) throws {
        try set(Array(String(now).utf8), for: .backupBegan)
    }
}

extension StoreReader {
    /// When the last backup was begun, in milliseconds since 1970.
    public func backupBegan() throws -> Int64? { try time(.backupBegan) }

    fileprivate func time(_ setting: Setting) throws -> Int64? {
        try self.setting(setting).flatMap { Int64(String(decoding: $0, as: UTF8.self)) }
    }
}

extension SyncService {
    // > [X-08] A device keeps the bytes of its answered changes until it is told that a backup has them.

    /// Declares that a backup has each device's changes up to a number: devices may forget those.
    ///
    /// `began` is when the backup was begun, in milliseconds since 1970.
    public func declareBackup(
        of highWaters: [DeviceID: SequenceNumber],
        began: Int64
    ) async throws {
        try await store.write { transaction in
            for (id, sequence) in highWaters.sorted(by: { $0.key.description < $1.key.description })
            {
                guard var device = try transaction.device(id), device.backedUp < sequence else {
                    continue
                }
                device.backedUp = min(sequence, device.highWater)
                try transaction.save(device)
            }
            try transaction.set(Array(String(began).utf8), for: .backupVerified)
        }
    }

    /// When the last verified backup was begun, in milliseconds since 1970; `nil` where there was none.
    public func lastBackup() async throws -> Int64? {
        try await store.read { try $0.time(.backupVerified) }
    }
}
