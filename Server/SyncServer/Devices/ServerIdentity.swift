internal import Foundation
public import SyncProtocol
public import SyncTrust

/// Who this server is: its key, its epoch, and the deployment's key for derived ids.
public struct ServerIdentity: Sendable {
    /// What the server signs with.
    public let key: SigningKey
    /// The incarnation of the database.
    public let epoch: Epoch
    /// The key for derived ids.
    public let naturalKey: NaturalKey

    /// An identity of known parts.
    public init(key: SigningKey, epoch: Epoch, naturalKey: NaturalKey) {
        self.key = key
        self.epoch = epoch
        self.naturalKey = naturalKey
    }

    /// The identity that a store holds; made and kept there the first time.
    ///
    /// Throws `settings_damaged` where the store holds one that cannot be read.
    public static func kept(in store: any Store, at now: Int64) async throws -> ServerIdentity {
        try await store.write { transaction in
            if try transaction.setting(.epoch) == nil {
                try transaction.set(SigningKey().seed, for: .serverKey)
                try transaction.set(NaturalKey().bytes, for: .identityKey)
                try transaction.set(Epoch(rawValue: UInt64(max(now, 1))).bytes, for: .epoch)
            }
            guard let epoch = try transaction.setting(.epoch).flatMap(Epoch.init(bytes:)),
                let key = try transaction.setting(.serverKey).flatMap(SigningKey.init(seed:)),
                let natural = try transaction.setting(.identityKey).flatMap(NaturalKey.init(bytes:))
            else {
                throw SyncError(
                    "settings_damaged",
                    "The database does not hold a readable key and epoch",
                    hint: "Restore it from a backup; do not start a new one in its place."
                )
            }
            return ServerIdentity(key: key, epoch: epoch, naturalKey: natural)
        }
    }
}

extension Epoch {
    fileprivate var bytes: [UInt8] { withUnsafeBytes(of: rawValue.bigEndian) { Array($0) } }

    fileprivate init?(bytes: [UInt8]) {
        guard bytes.count == 8 else { return nil }
        self.init(rawValue: bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }
}
