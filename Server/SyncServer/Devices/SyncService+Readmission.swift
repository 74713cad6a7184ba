public import SyncProtocol
internal import SyncTrust

extension SyncService {
    // > [X-07] A device that the server does not know, and that shows the server's own certificate, waits
    // > until the operator confirms it; its changes are then offered from the first.

    /// Notes a device that was enrolled after the backup from which the server was restored.
    ///
    /// Throws `certificate_invalid`, `device_awaits_confirmation` until the operator has confirmed it, and
    /// `device_known` from then on: nothing is given to whoever shows a certificate.
    func readmit(
        _ key: PublicKey,
        _ shown: EnrolmentRequest.Readmission,
        _ request: EnrolmentRequest,
        at now: Int64
    ) async throws -> Never {
        let isOurs = await EnrolmentCertificate.holds(
            shown.certificate,
            by: identity.key.publicKey,
            for: key
        )
        guard isOurs else {
            throw SyncError(
                "certificate_invalid",
                "This server never signed that certificate for this key",
                hint: "Enrol the device with a link from `residence-syncd device add`.",
                subject: "certificate"
            )
        }
        let device = try await store.write { transaction in
            // Of a device that is known, a certificate alone changes nothing: others may have read it.
            if let known = try transaction.device(key.deviceID) { return known }
            var device = StoredDevice(
                id: key.deviceID,
                publicKey: key.bytes,
                name: shown.name,
                grants: [],
                chain: Chain.start,
                enrolledAt: now,
                software: request.software
            )
            device.claimed = shown.grant
            // What the server has under a key that this one came in the place of counts as its own.
            if let former = try transaction.predecessor(of: key.bytes, request.predecessors) {
                try transaction.begin(&device, after: former, at: now)
            }
            try transaction.save(device)
            return device
        }
        guard device.claimed == nil else { throw SyncError.awaitsConfirmation(device.id) }
        throw SyncError.deviceKnown
    }

    /// No device ever had so many grants: a number above it says nothing.
    private static let grantLimit: UInt64 = 1 << 32

    /// Notes that a device says that it had a later grant than is known here: given since the backup.
    func noteUnknownGrant(_ number: UInt64, of id: DeviceID) async throws {
        try await store.write { transaction in
            guard var device = try transaction.device(id), number > device.grant.number else {
                return
            }
            device.claimed = Grant(number: number, areas: [], role: device.role)
            try transaction.save(device)
        }
    }

    /// Confirms a device that came back after a restore, in these areas and this role; what it says that it
    /// had is for the operator to believe or not.
    ///
    /// Of the scope, where nothing is said, what is known here stays; the inner `nil` is everything.
    /// Throws `device_not_waiting`.
    public func confirm(
        _ id: DeviceID,
        areas: [AreaCode],
        role: Role,
        department: String? = nil,
        scope: GrantScope?? = .none
    ) async throws -> StoredDevice {
        try await store.write { transaction in
            guard var device = try transaction.device(id), let claimed = device.claimed,
                device.revoked == nil
            else {
                throw SyncError(
                    "device_not_waiting",
                    "没有等待确认的这台设备 No such device waits to be confirmed",
                    hint: "residence-syncd device list 列出各设备的状态。 It lists the devices' states.",
                    subject: id.description
                )
            }
            device.claimed = nil
            let granted = if let scope { scope } else { device.grant.scope }
            device.grants.append(
                Grant(
                    // Above whatever the device holds: or it would not hear of these areas.
                    number: max(device.grant.number, min(claimed.number, Self.grantLimit)) + 1,
                    areas: try transaction.areaMap().current(areas),
                    role: role,
                    scope: granted
                )
            )
            if let department { device.department = department }
            try transaction.save(device)
            return device
        }
    }
}

extension SyncError {
    fileprivate static let deviceKnown = SyncError(
        "device_known",
        "This device is known here",
        hint: "Sync."
    )

    static func awaitsConfirmation(_ device: DeviceID) -> SyncError {
        SyncError(
            "device_awaits_confirmation",
            "服务器由备份恢复，本设备等待运维人员确认 The server was restored from a backup that does not know this device",
            hint:
                "数据都在本机；请运维人员运行 residence-syncd device confirm \(device.description.prefix(12))。 The operator confirms it; nothing is lost.",
            subject: device.description
        )
    }
}
