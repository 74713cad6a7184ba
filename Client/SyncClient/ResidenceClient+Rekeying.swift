internal import SyncProtocol
internal import SyncTrust

/// A device that goes on under a new key.
extension ResidenceClient {
    // > [A-12] What the device held goes on under a new key. The new device's numbers and chain go on from the
    // > last change that it was answered for, which the old key signs for; or, where the server has another copy's
    // > changes there since it was restored, from an earlier one that both have.

    /// Introduces the new key, with the keys that this device had, the last one signing for it.
    ///
    /// Throws `predecessor_parted` where the server knows none of the places that this device can show.
    func introduce(
        _ request: inout EnrolmentRequest,
        as key: inout SigningKey,
        inPlaceOf profile: DeviceProfile,
        at server: ServerAddress
    ) async throws -> EnrolmentResponse {
        guard let old = SigningKey(seed: profile.keySeed) else { throw SyncError.keyDamaged }
        var places = try await store.read { try $0.places(profile) }
        while true {
            let place = places.removeFirst()
            var last = EnrolmentRequest.Predecessor(
                publicKey: old.publicKey.bytes,
                sequence: place.sequence,
                chain: place.chain
            )
            last.signature = try old.signature(for: last.signedBytes(for: key.publicKey.bytes))
            request.publicKey = key.publicKey.bytes
            request.predecessors = (profile.predecessors ?? []) + [last]
            do {
                return try await introduce(request, at: server)
            } catch let error as SyncError where error.code == "key_known" {
                // Another link had brought this key, and its answer was lost: this one is for a key of its own.
                key = try await anotherKey()
                places.insert(place, at: 0)
            } catch let error as SyncError where error.code == "predecessor_parted" {
                guard !places.isEmpty else { throw error }
            }
        }
    }

    /// Keeps the new key in the place of the old one; what was captured, and how far it got, stays as it is.
    func goOn(
        as renewed: DeviceProfile,
        after predecessors: [EnrolmentRequest.Predecessor]
    ) async throws -> DeviceProfile {
        let (rules, schema, now) = (rules, schema, environment.now())
        return try await store.write { transaction in
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
            let reopened = try transaction.reopen(after: common, answeredIn: profile.epoch)
            let desk = Desk(
                transaction: transaction,
                profile: profile,
                rules: rules,
                now: now &+ profile.clockOffset,
                schema: schema
            )
            for id in reopened {
                guard let held = try transaction.record(id), let type = schema.type(held.type)
                else { continue }
                try desk.refresh(held, type)
            }
            profile.refusal = nil
            try transaction.save(enrolmentSeed: renewed.keySeed)
            try transaction.save(profile)
            return profile
        }
    }
}

extension LocalReader {
    /// Where in its chain this device can go on, the latest place first: what the server ever signed for, whatever a
    /// restored one has of it; the last change that was answered; and ever further back, as far as it has all that
    /// came since.
    fileprivate func places(
        _ profile: DeviceProfile
    ) throws -> [(sequence: SequenceNumber, chain: [UInt8])] {
        let floor = try lastForgotten()
        let signed = min(
            try receipts().map(\.sequence).max() ?? .none,
            try lastChange()?.sequence ?? .none
        )
        let answered = try answered(profile)
        var places = signed > answered ? [signed] : []
        // What was forgotten has to be declared, with a receipt for it: who goes on before it has none.
        if answered >= floor { places.append(answered) }
        var step: UInt64 = 1
        while answered > floor, let last = places.last, last > floor {
            let back = last.rawValue - min(step, last.rawValue)
            places.append(max(SequenceNumber(rawValue: back), floor))
            step *= 2
        }
        let known = try places.compactMap(place(at:))
        return known.isEmpty ? [(.none, Chain.start)] : known
    }

    /// The head of this device's chain after a number; `nil` where that is not known any more.
    private func place(
        at number: SequenceNumber
    ) throws -> (sequence: SequenceNumber, chain: [UInt8])? {
        guard number > .none else { return (.none, Chain.start) }
        return try change(number).map { (number, $0.chain) }
    }

    /// Up to which number the server has answered, as it says itself.
    private func answered(_ profile: DeviceProfile) throws -> SequenceNumber {
        let waiting = try unanswered(limit: 1).first?.sequence.rawValue
        let made = try waiting.map { $0 - 1 } ?? lastChange()?.sequence.rawValue ?? 0
        return SequenceNumber(rawValue: min(made, profile.highWater ?? made))
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
