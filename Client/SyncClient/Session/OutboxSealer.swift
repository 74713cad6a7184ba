internal import SyncProtocol
internal import SyncTrust

/// Puts what was not answered yet under the server's seal, within one transaction.
///
/// > [A-09] A sealed outbox is opened by the server's key alone and names its device by that device's
/// > signature.
struct OutboxSealer {
    let transaction: any LocalReader
    let profile: DeviceProfile
    let limits: Limits
    /// The device's clock, in milliseconds since 1970.
    let now: Int64

    /// The outbox, sealed: in as many parts as it takes, at least one.
    ///
    /// Throws `sealing_key_missing` where the server's key is not known, or not the server's.
    func seal(to key: SealingKey?) throws -> [SealedPart] {
        guard let key, profile.trusts(key) else {
            throw SyncError(
                "sealing_key_missing",
                "本设备还没有服务器的封存密钥 This device does not have the server's sealing key yet",
                hint: "请先同步一次。 Sync once; then it has."
            )
        }
        guard let own = SigningKey(seed: profile.keySeed), let id = profile.device else {
            throw SyncError.keyDamaged
        }
        let size = SyncSession.Size(changes: limits.changesPerBatch, bytes: limits.batchBytes)
        var waiting = try transaction.unanswered(limit: .max)[...]
        var parts: [SealedPart] = []
        var requests: [SyncRequest] = []
        var bytes = 0
        func close() throws {
            let outbox = Outbox(device: id, requests: requests, sealedAt: now)
            parts.append(
                SealedPart(
                    number: parts.count + 1,
                    sealed: try Sealing.seal(outbox, by: own, to: key).encoded,
                    changes: outbox.count
                )
            )
            (requests, bytes) = ([], 0)
        }
        let batch = Batch(transaction: transaction, profile: profile)
        while !waiting.isEmpty {
            var request = SyncRequest()
            request.epoch = profile.epoch
            request.grant = profile.grant.number
            request.deviceTime = now
            request.software = ClientEnvironment.software
            let entries = Batch.first(of: waiting, size)
            try batch.fill(&request, with: entries)
            waiting = waiting.dropFirst(entries.count)
            let size = request.payloads.reduce(0) { $0 + $1.count }
            if !requests.isEmpty, bytes + size > limits.outboxPartBytes { try close() }
            requests.append(request)
            bytes += size
        }
        if parts.isEmpty || !requests.isEmpty { try close() }
        return parts
    }
}

extension DeviceProfile {
    /// Whether a sealing key is the server's own.
    func trusts(_ key: SealingKey) -> Bool {
        guard let server = serverKey.flatMap(PublicKey.init(bytes:)) else { return false }
        return server.verifies(key.signature, of: key.signedBytes)
    }

    /// Whether an order to erase is the server's own, and meant for this device.
    func trusts(_ order: Revocation) -> Bool {
        guard let server = serverKey.flatMap(PublicKey.init(bytes:)) else { return false }
        return order.device == device && server.verifies(order.signature, of: order.signedBytes)
            && trusts(order.sealingKey)
    }
}
