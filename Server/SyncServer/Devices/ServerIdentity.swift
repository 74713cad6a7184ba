internal import SyncProtocol
public import SyncTrust

/// Who this server is: its key, and the deployment's key for derived ids.
public struct ServerIdentity: Sendable {
    /// What the server signs with.
    public let key: SigningKey
    /// The key for derived ids.
    public let naturalKey: NaturalKey

    /// An identity of known parts.
    public init(key: SigningKey, naturalKey: NaturalKey) {
        self.key = key
        self.naturalKey = naturalKey
    }

    /// The identity that a store holds; kept there, with the first epoch, the first time.
    ///
    /// Throws `settings_damaged` where the store holds one that cannot be read.
    public static func kept(
        in store: any Store,
        at now: Int64,
        otherwise new: ServerIdentity = ServerIdentity(key: SigningKey(), naturalKey: NaturalKey())
    ) async throws -> ServerIdentity {
        try await store.write { transaction in
            if try transaction.setting(.epoch) == nil {
                try transaction.set(new.key.seed, for: .serverKey)
                try transaction.set(new.naturalKey.bytes, for: .identityKey)
                try transaction.beginEpoch(at: max(now, 1), .created)
            }
            // Whoever places a record holds the map: it has to be there to be held.
            if try transaction.setting(.areaMap) == nil {
                try transaction.set(AreaMap().bytes, for: .areaMap)
            }
            guard try transaction.epoch() > .none,
                let key = try transaction.setting(.serverKey).flatMap(SigningKey.init(seed:)),
                let natural = try transaction.setting(.identityKey).flatMap(NaturalKey.init(bytes:))
            else { throw SyncError.settingsDamaged }
            return ServerIdentity(key: key, naturalKey: natural)
        }
    }
}
