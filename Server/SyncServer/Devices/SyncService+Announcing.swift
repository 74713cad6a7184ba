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
            // A server that was restored, whose clock was ahead before, counts on from what its devices have.
            let had =
                try transaction.devices().map(\.announced)
                .filter { $0 <= Self.announcementLimit }.max() ?? 0
            if let known, known.pins == pins, known.address == address, known.number >= had {
                return known
            }
            var new = Announcement(
                number: max(UInt64(clamping: now), max(known?.number ?? 0, had) + 1),
                pins: pins,
                address: address
            )
            new.signature = try identity.key.signature(for: new.signedBytes)
            try transaction.set(new.encoded, for: .announcement)
            return new
        }
    }

    /// No announcement ever had such a number, in milliseconds since 1970: one above it says nothing.
    private static let announcementLimit: UInt64 = 1 << 50

    /// What was announced last; `nil` where nothing was.
    public func announcement() async throws -> Announcement? {
        try await store.read { try $0.announcement() }
    }

    /// The devices that have not said yet that they have the last announcement: those in use, and those that were
    /// revoked and have not heard of that.
    public func devicesThatHaveNotHeard() async throws -> [StoredDevice] {
        let server = identity.key.publicKey.deviceID
        return try await store.read { transaction in
            let number = try transaction.announcement()?.number ?? 0
            return try transaction.devices().filter { device in
                guard device.id != server, device.announced != number else { return false }
                // Until it is given the order, it has to find the server.
                if let revoked = device.revoked { return revoked.heardAt == nil }
                return device.succession.rekeyedAt == nil
            }
        }
    }
}

extension Announcement {
    /// Whether whoever serves a key may hand it out: it names that key; anything does where none is pinned.
    ///
    /// A daemon that was not restarted since the switch serves the former key, and must not have devices drop it.
    func isFit(forWhoServes pin: String?) -> Bool { pin.map(pins.contains) ?? true }
}

extension StoreReader {
    /// What was announced last; `nil` where nothing was.
    func announcement() throws -> Announcement? {
        try setting(.announcement).flatMap { Announcement($0) }
    }
}
