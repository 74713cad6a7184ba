public import SyncProtocol
public import SyncTrust

extension SyncService {
    // > [A-12] A device is re-keyed by a one-time code in its place: its own key is refused from then on.

    /// Expects a device under a new key, with the areas and role that it has; its name, too, unless another is given.
    ///
    /// May be asked for again: of a cloned device, each copy gets a code of its own. Throws `role_forbidden`,
    /// `device_unknown`, `device_is_server`, `device_revoked` and `device_awaits_confirmation`.
    public func rekey(
        _ id: DeviceID,
        named name: String? = nil,
        reason: String = "",
        code: OneTimeCode = OneTimeCode(),
        for principal: Principal
    ) async throws -> (device: StoredDevice, code: OneTimeCode, expires: Int64) {
        try principal.check(.areas)
        guard id != identity.key.publicKey.deviceID else { throw SyncError.deviceIsServer }
        let now = clock()
        let expires = now + Self.codeLifetime
        let device = try await store.write { transaction in
            guard var device = try transaction.device(id) else { throw SyncError.deviceUnknown }
            guard device.revoked == nil else { throw SyncError.deviceRevoked }
            guard device.claimed == nil else { throw SyncError.awaitsConfirmation(id) }
            device.succession.rekeyedAt = device.succession.rekeyedAt ?? now
            try transaction.save(device)
            try transaction.note(code.hash, for: id, in: .rekeys)
            try transaction.save(
                Enrolment(
                    codeHash: code.hash,
                    name: name ?? device.name,
                    areas: device.grant.areas,
                    department: device.department,
                    role: device.role,
                    scope: device.grant.scope,
                    expiresAt: expires
                )
            )
            return device
        }
        await noteRekey(device, "\(device.name) \(device.id): \(reason)", by: principal)
        return (device, code, expires)
    }

    /// Notes that a device has come under a new key.
    func noteRekeyed(_ device: StoredDevice) async {
        guard let former = device.succession.predecessor else { return }
        await noteRekey(device, "\(device.name) \(former) → \(device.id)", by: Principal(device))
    }

    private func noteRekey(
        _ device: StoredDevice,
        _ reason: String,
        by principal: Principal
    ) async {
        var access = Access(.rekey, [], in: device.grant.areas, by: principal, at: clock())
        access.reason = reason
        await accessLog.note(access, through: commits)
    }
}

extension StoreTransaction {
    /// Lets the codes run out that would give a device another key.
    func voidCodes(thatRekey device: DeviceID) throws {
        for code in try codes(about: device, in: .rekeys) {
            guard var enrolment = try enrolment(codeHash: code), enrolment.usedBy == nil else {
                continue
            }
            enrolment.expiresAt = 0
            try save(enrolment)
        }
    }

    /// The device that a code re-keys, and what its holder shows of it; `nil` where the code is another's.
    ///
    /// Throws `predecessor_missing`, `predecessor_unexpected` and `predecessor_unfit`.
    func predecessor(
        replacedBy enrolment: Enrolment,
        _ request: EnrolmentRequest
    ) throws -> Predecessor? {
        guard let former = try takeCode(enrolment.codeHash, from: .rekeys) else {
            guard request.predecessors.isEmpty else { throw SyncError.predecessorUnexpected }
            return nil
        }
        guard !request.predecessors.isEmpty else { throw SyncError.predecessorMissing }
        guard let found = try predecessor(of: request.publicKey, request.predecessors),
            found.device == former
        else { throw SyncError.predecessorUnfit }
        return found
    }

    /// The latest of the keys in whose place one came that is known here; `nil` where none is.
    ///
    /// Each of them has signed for its place in the chain: the device goes on from the earliest of these.
    ///
    /// Throws `predecessor_unfit` where one of them has not signed for the next.
    func predecessor(
        of key: [UInt8],
        _ predecessors: [EnrolmentRequest.Predecessor]
    ) throws -> Predecessor? {
        var successor = key
        var earliest: EnrolmentRequest.Predecessor?
        var answered: [Succession.Part] = []
        for shown in predecessors.suffix(100).reversed() {
            guard let key = PublicKey(bytes: shown.publicKey),
                key.verifies(shown.signature, of: shown.signedBytes(for: successor))
            else { throw SyncError.predecessorUnfit }
            if shown.sequence < earliest?.sequence ?? shown.sequence.next { earliest = shown }
            answered.append(.init(device: key.deviceID, last: shown.sequence.rawValue))
            if try device(key.deviceID) != nil {
                let place = earliest ?? shown
                return Predecessor(device: key.deviceID, shown: place, answered: answered)
            }
            successor = shown.publicKey
        }
        return nil
    }
}

extension SyncError {
    static let keyKnown = SyncError(
        "key_known",
        "The key is one that the server knows already",
        hint: "A re-keyed device brings a new one.",
        subject: "public_key"
    )
}
