internal import SyncProtocol
internal import SyncTrust

/// A device that goes on under a new key.
extension ResidenceClient {
    // > [A-12] What the device held goes on under a new key. The new device's numbers and chain go on from the
    // > last change that it was answered for, which the old key signs for.

    /// The keys that this device had, the last one signing for the one that comes in its place.
    func predecessors(
        of key: SigningKey,
        besides profile: DeviceProfile
    ) async throws -> [EnrolmentRequest.Predecessor] {
        guard let old = SigningKey(seed: profile.keySeed) else { throw SyncError.keyDamaged }
        let (sequence, chain) = try await store.read { try $0.answered(profile) }
        var last = EnrolmentRequest.Predecessor(
            publicKey: old.publicKey.bytes,
            sequence: sequence,
            chain: chain
        )
        last.signature = try old.signature(for: last.signedBytes(for: key.publicKey.bytes))
        return (profile.predecessors ?? []) + [last]
    }

    /// Keeps the new key in the place of the old one; what was captured, and how far it got, stays as it is.
    func goOn(
        as renewed: DeviceProfile,
        after predecessors: [EnrolmentRequest.Predecessor]
    ) async throws -> DeviceProfile {
        try await store.write { transaction in
            guard var profile = try transaction.profile() else { throw SyncError.notEnrolled }
            guard profile.serverKey == nil || profile.serverKey == renewed.serverKey else {
                throw SyncError.serverUntrusted
            }
            profile.keySeed = renewed.keySeed
            profile.certificate = renewed.certificate
            profile.name = renewed.name
            // A scope may have been widened since: the key goes to whoever may see what ids derive from.
            profile.identityKey = renewed.identityKey
            (profile.server, profile.tlsPin) = (renewed.server, renewed.tlsPin)
            // What the link says stands, and whatever else was announced is told again.
            (profile.otherPins, profile.secureServer, profile.announced) = (nil, nil, nil)
            profile.serverKey = renewed.serverKey
            profile.sealingKey = renewed.sealingKey ?? profile.sealingKey
            profile.clockOffset = renewed.clockOffset
            profile.predecessors = predecessors
            // What the server has and signed for behind it under the former key is the other copy's: none of the new key's.
            let common = predecessors.last?.sequence ?? .none
            profile.highWater = profile.highWater.map { min($0, common.rawValue) }
            try transaction.dropReceipts(above: common)
            profile.refusal = nil
            try transaction.save(enrolmentSeed: renewed.keySeed)
            try transaction.save(profile)
            return profile
        }
    }
}

extension LocalReader {
    /// Up to which number the server has answered, and the head of the chain there.
    fileprivate func answered(_ profile: DeviceProfile) throws -> (SequenceNumber, [UInt8]) {
        let waiting = try unanswered(limit: 1).first?.sequence.rawValue
        let made = try waiting.map { $0 - 1 } ?? lastChange()?.sequence.rawValue ?? 0
        let last = SequenceNumber(rawValue: min(made, profile.highWater ?? made))
        guard last > .none, let entry = try change(last) else { return (.none, Chain.start) }
        return (last, entry.chain)
    }
}

extension SyncError {
    static let nothingToRekey = SyncError(
        "not_enrolled",
        "本设备尚未登记，没有可更换的密钥 This device is not enrolled: there is no key to replace",
        hint:
            "请在原设备（或用其 --data 数据文件夹）上运行；首次登记不用 --rekey。 Run it on the device itself, or with its data folder; a first enrolment needs no --rekey."
    )
}
