internal import SyncProtocol
internal import SyncTrust

/// The server's own device: what the server does is a change of a device, too, numbered and chained.
///
/// It is made when it is first needed.
final class ServerHand {
    private let identity: ServerIdentity
    private let transaction: any StoreTransaction
    private let now: Int64
    private var loaded: StoredDevice?
    private var isUsed = false

    init(identity: ServerIdentity, transaction: any StoreTransaction, now: Int64) {
        self.identity = identity
        self.transaction = transaction
        self.now = now
    }

    /// The device, kept from its first use on.
    var device: StoredDevice {
        get throws {
            if let loaded { return loaded }
            let key = identity.key.publicKey
            if let known = try transaction.device(key.deviceID) {
                loaded = known
                return known
            }
            let new = StoredDevice(
                id: key.deviceID,
                publicKey: key.bytes,
                name: "服务器 server",
                grants: [Grant(number: 1, areas: [], role: .operator)],
                chain: Chain.start,
                enrolledAt: now,
                software: ""
            )
            try transaction.save(new)
            loaded = new
            return new
        }
    }

    var author: Author {
        get throws {
            let device = try device
            return Author(device: device.id, name: device.name, isShared: true)
        }
    }

    /// The next change of the server's device.
    func arrival(of change: Change) throws -> Arrival {
        var device = try device
        let payload = change.payload
        let hash = Chain.hash(of: payload)
        device.highWater = device.highWater.next
        device.chain = Chain.head(after: device.chain, hash: hash)
        loaded = device
        isUsed = true
        return Arrival(
            device: device.id,
            sequence: device.highWater,
            payload: payload,
            hash: hash,
            change: change
        )
    }

    /// Keeps how far its changes are numbered.
    func finish() throws {
        if isUsed, let loaded { try transaction.save(loaded) }
    }
}
