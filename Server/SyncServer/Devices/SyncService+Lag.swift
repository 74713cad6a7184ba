public import SyncProtocol

extension SyncService {
    /// How many positions of its areas each device has not read yet, as far as it has said.
    ///
    /// A record that moved, or was changed several times, counts once: a feed has one position for each record.
    public func lags() async throws -> [DeviceID: UInt64] {
        try await store.read { transaction in
            var readings: [AreaCode: [DeviceID: Position]] = [:]
            var lags: [DeviceID: UInt64] = [:]
            for device in try transaction.devices()
            where device.revoked == nil && device.succession.rekeyedAt == nil {
                for head in try transaction.heads(under: device.feeds) {
                    let known = try readings[head.area] ?? transaction.readings(of: head.area)
                    readings[head.area] = known
                    let read = known[device.id]?.rawValue ?? 0
                    lags[device.id, default: 0] +=
                        head.head.rawValue > read ? head.head.rawValue - read : 0
                }
            }
            return lags
        }
    }
}
