public import SyncProtocol
internal import SyncTrust

extension SyncService {
    // > [A-15] Which keys devices pin from now on, the server announces in the answer to a sync, under its own
    // > signature and a number that rises.

    /// Announces what devices pin, the present key first, and an https address; nothing where that is known already.
    @discardableResult
    public func announce(pins: [String], address: String) async throws -> Announcement {
        let now = clock()
        return try await store.write { transaction in
            let known = try transaction.announcement()
            if let known, known.pins == pins, known.address == address { return known }
            var new = Announcement(
                number: max(UInt64(clamping: now), (known?.number ?? 0) + 1),
                pins: pins,
                address: address
            )
            new.signature = try identity.key.signature(for: new.signedBytes)
            try transaction.set(new.encoded, for: .announcement)
            return new
        }
    }

    /// What was announced last; `nil` where nothing was.
    public func announcement() async throws -> Announcement? {
        try await store.read { try $0.announcement() }
    }

    /// The devices in use that have not said yet that they have the last announcement.
    public func devicesThatHaveNotHeard() async throws -> [StoredDevice] {
        let server = identity.key.publicKey.deviceID
        return try await store.read { transaction in
            let number = try transaction.announcement()?.number ?? 0
            return try transaction.devices().filter { device in
                device.id != server && device.revoked == nil
                    && device.succession.rekeyedAt == nil && device.announced < number
            }
        }
    }
}

extension StoreReader {
    /// What was announced last; `nil` where nothing was.
    func announcement() throws -> Announcement? {
        try setting(.announcement).flatMap { Announcement($0) }
    }
}
