public import SyncProtocol
internal import SyncTrust

extension SyncService {
    // > [A-06] An assignment of areas is the device's next grant, and holds from its next request. What was
    // > captured under an earlier grant that held the area is accepted however late it arrives.

    /// Gives a device other areas, another role, or, with `scope`, another scope: of everything where that is `nil`.
    ///
    /// Throws `device_revoked`, `scope_unfit` of a device that speaks for no department, and `device_awaits_confirmation` where `confirm` is what it needs.
    @discardableResult
    public func assign(
        _ areas: [AreaCode],
        role: Role? = nil,
        scope: GrantScope?? = .none,
        to id: DeviceID
    ) async throws -> StoredDevice {
        let areas = try await areaMap().current(areas)
        return try await change(id) { device in
            guard device.claimed == nil else { throw SyncError.awaitsConfirmation(device.id) }
            var next = device.grant
            next.areas = areas
            next.role = role ?? next.role
            if let scope { next.scope = scope }
            guard next.scope == nil || device.role == .department else {
                throw SyncError.scopeOfOthers
            }
            // The same again is no new grant.
            guard next != device.grant else { return }
            next.number += 1
            device.grants.append(next)
        }
    }

    // > [A-07] A suspended device is answered `device_suspended`: nothing of its requests is taken and
    // > nothing is given, until it is resumed. It goes on capturing.

    /// Suspends a device, or resumes it.
    ///
    /// Throws `device_revoked`.
    @discardableResult
    public func suspend(_ id: DeviceID, _ isSuspended: Bool) async throws -> StoredDevice {
        let now = clock()
        return try await change(id) { device in
            device.suspendedAt = isSuspended ? device.suspendedAt ?? now : nil
        }
    }

    // > [A-08] A revoked device is answered with an order that the server's key signed; nothing else makes
    // > a device erase.

    /// Revokes a device for good; `takesOutbox` tells whether what it seals is taken when it delivers it.
    ///
    /// Revoked again, only that is changed. Throws `device_forked` of a forked device, of which no outbox can be
    /// taken, unless what is unsent on it may be lost.
    @discardableResult
    public func revoke(
        _ id: DeviceID,
        takesOutbox: Bool,
        evenForked: Bool = false
    ) async throws -> StoredDevice {
        let now = clock()
        return try await change(id, evenRevoked: true) { device in
            guard device.forkedAt == nil || evenForked else { throw SyncError.forkedUnsent }
            var revoked = device.revoked ?? StoredDevice.Revoked(at: now, takesOutbox: takesOutbox)
            revoked.takesOutbox = takesOutbox
            device.revoked = revoked
            device.suspendedAt = nil
            // It is told of its end, not to wait for the operator.
            device.claimed = nil
        }
    }

    private func change(
        _ id: DeviceID,
        evenRevoked: Bool = false,
        _ change: @escaping @Sendable (inout StoredDevice) throws -> Void
    ) async throws -> StoredDevice {
        guard id != identity.key.publicKey.deviceID else { throw SyncError.deviceIsServer }
        return try await store.write { transaction in
            guard var device = try transaction.device(id) else { throw SyncError.deviceUnknown }
            guard evenRevoked || device.revoked == nil else { throw SyncError.deviceRevoked }
            guard evenRevoked || device.succession.rekeyedAt == nil else {
                throw SyncError.deviceRekeyed
            }
            try change(&device)
            try transaction.save(device)
            // A link that was given out before may be in the hands of whoever has the handheld.
            if device.revoked != nil { try transaction.voidCodes(thatRekey: id) }
            return device
        }
    }

    /// The order that a revoked device is answered with.
    func revocation(of device: StoredDevice, at now: Int64) throws -> Revocation? {
        guard let revoked = device.revoked else { return nil }
        var order = Revocation(
            device: device.id,
            sealingKey: try Sealing.key(of: identity.key),
            deliver: revoked.takesOutbox,
            time: now
        )
        order.signature = try identity.key.signature(for: order.signedBytes)
        return order
    }
}

extension SyncError {
    static let deviceRevoked = SyncError(
        "device_revoked",
        "本设备已被撤销 This device was revoked",
        hint: "请与运维人员联系。 Ask the operator."
    )

    static let scopeOfOthers = SyncError(
        "scope_unfit",
        "只有部门的授权可以限于部分类型和字段 Only a department's grant names types and fields",
        hint: "未作任何改动。 Nothing was changed."
    )

    static let deviceIsServer = SyncError(
        "device_is_server",
        "这是服务器自己 This is the server's own device",
        hint: "未作任何改动。 Nothing was changed."
    )

    fileprivate static let forkedUnsent = SyncError(
        "device_forked",
        "设备已分叉，其未送出的采集无法收下 The device is forked: what it has not sent cannot be taken",
        hint:
            "先用 device suspend 暂停；确定放弃时加 --even-forked。 Suspend it; with --even-forked what is unsent on it is lost."
    )

    static let deviceSuspended = SyncError(
        "device_suspended",
        "本设备已被暂停，暂不能同步 This device is suspended and may not sync for now",
        hint: "采集照常，数据都在本机；请与运维人员联系。 Go on capturing, nothing is lost; ask the operator."
    )
}
