public import SyncProtocol
public import SyncTrust

/// What a handover came to.
public struct HandoverReport: Hashable, Sendable {
    /// The device whose work it was, as it is now.
    public var from: StoredDevice
    /// The device whose work it is, as it is now.
    public var to: StoredDevice
    /// The areas that were given.
    public var areas: [AreaCode]
    /// Returned changes that were given.
    public var returned: Int
    /// Open conflicts in those areas: they come with their records.
    public var conflicts: Int
}

extension SyncService {
    // > [O-01] A handover gives a device's areas and what was returned of its work to another device, in one
    // > transaction: each is at its next grant. What the first one has not sent is accepted and is handed over, too.

    /// Gives a device's work to another one; with `keeping`, the first one holds its areas, too.
    ///
    /// `areas` are those that are given; all that it holds where none are named. Throws `role_forbidden`,
    /// `device_unknown`, `device_is_same`, `device_suspended`, `device_revoked`, `device_awaits_confirmation` and
    /// `device_is_partial` of the one that gets it, and `area_not_held`.
    public func handOver(
        from giver: DeviceID,
        to taker: DeviceID,
        areas chosen: [AreaCode] = [],
        keeping: Bool = false,
        reason: String = "",
        for principal: Principal
    ) async throws -> HandoverReport {
        try principal.check(.areas)
        guard giver != taker else { throw SyncError.deviceIsSame }
        guard giver != identity.key.publicKey.deviceID, taker != identity.key.publicKey.deviceID
        else { throw SyncError.deviceUnknown }
        let now = clock()
        var report = try await store.write { transaction in
            // In the order of their ids, so that two handovers never wait for each other.
            let first = try transaction.device(min(giver, taker))
            let second = try transaction.device(max(giver, taker))
            guard var from = giver < taker ? first : second,
                var to = giver < taker ? second : first
            else { throw SyncError.deviceUnknown }
            try to.mustBeInUse()
            guard to.claimed == nil else { throw SyncError.awaitsConfirmation(to.id) }
            // It would not see the work that it was given.
            guard to.grant.scope == nil else { throw SyncError.deviceIsPartial }
            // The grants of a revoked device do not follow the map.
            let held = try transaction.areaMap()
                .current(from.grant.areas, assignedAt: from.revoked?.at ?? .max)
            let wanted = try transaction.areaMap().current(chosen)
            for area in wanted where !held.cover(area) { throw SyncError.areaNotHeld(area, held) }
            let areas = wanted.isEmpty ? held : wanted
            var handovers = try transaction.handovers()
            // What it captured before it was re-keyed is its work, too.
            handovers += from.names.map { name in
                Handover(
                    from: name,
                    to: taker,
                    grant: from.grant.number,
                    by: principal.name,
                    reason: reason,
                    at: now
                )
            }
            try transaction.save(handovers)
            to.hold(to.grant.areas + areas.filter { !to.grant.areas.cover($0) })
            if !keeping { from.hold(held.filter { !areas.contains($0) }) }
            try transaction.save(from)
            try transaction.save(to)
            return HandoverReport(from: from, to: to, areas: areas, returned: 0, conflicts: 0)
        }
        (report.returned, report.conflicts) = try await openWork(of: report)
        var access = Access(
            .handover,
            [],
            count: report.returned,
            in: report.areas,
            by: principal,
            at: now
        )
        access.reason = "\(report.from.name) → \(report.to.name): \(reason)"
        await accessLog.note(access, through: commits)
        return report
    }

    private func openWork(of report: HandoverReport) async throws -> (returned: Int, conflicts: Int)
    {
        let limit = limits.rowsPerPage
        return try await store.read { transaction in
            let handovers = try transaction.handovers()
            var (returned, conflicts, last): (Int, Int, UInt64) = (0, 0, 0)
            while true {
                let page = try transaction.returned(
                    after: last,
                    unsettledOnly: true,
                    limit: limit
                )
                returned += page.count {
                    report.from.names.contains($0.change.device)
                        && handovers.isHeir(report.to.names, of: $0)
                }
                guard let end = page.last else { break }
                last = end.id
            }
            var rank: ConflictRank?
            while true {
                let page = try transaction.openConflicts(after: rank, limit: limit)
                let records = try transaction.records(Set(page.map(\.record)))
                conflicts += page.count { entry in
                    records[entry.record]?.placements.contains { report.areas.cover($0.area) }
                        ?? false
                }
                guard let end = page.last else { return (returned, conflicts) }
                rank = ConflictRank(impact: end.impact, id: end.id)
            }
        }
    }

    // > [O-03] Once somebody has enrolled with a code that was given out in the place of a device, that device
    // > is revoked.

    /// Expects a device in the place of another one, which is revoked once the code is used.
    ///
    /// Throws `device_unknown`, `device_revoked`, and `device_forked` of one whose work could not be taken.
    public func expectReplacement(
        of replaced: DeviceID,
        named name: String,
        areas: [AreaCode],
        department: String? = nil,
        role: Role = .coordinator,
        scope: GrantScope? = nil
    ) async throws -> (code: OneTimeCode, expires: Int64) {
        guard replaced != identity.key.publicKey.deviceID,
            let device = try await store.read({ try $0.device(replaced) })
        else { throw SyncError.deviceUnknown }
        guard device.revoked == nil else { throw SyncError.deviceRevoked }
        guard device.forkedAt == nil else { throw SyncError.forked }
        let code = OneTimeCode()
        try await store.write { try $0.note(code.hash, inPlaceOf: replaced) }
        return try await expectDevice(
            named: name,
            areas: areas,
            department: department,
            role: role,
            scope: scope,
            code: code
        )
    }
}

extension StoredDevice {
    /// Gives it these areas as its next grant, unless it holds them already.
    fileprivate mutating func hold(_ areas: [AreaCode]) {
        guard revoked == nil, areas != grant.areas else { return }
        var next = grant
        next.number += 1
        next.areas = areas
        grants.append(next)
    }
}

extension SyncError {
    fileprivate static let deviceIsSame = SyncError(
        "device_is_same",
        "两台设备是同一台 Both are the same device",
        hint: "未作任何改动。 Nothing was changed."
    )

    fileprivate static let deviceIsPartial = SyncError(
        "device_is_partial",
        "该设备的授权只含部分字段，看不到所交的工作 The device's grant covers some fields only: it would not see the work",
        hint: "未作任何改动；请交给其他设备。 Nothing was changed; hand it to another device."
    )

    fileprivate static func areaNotHeld(_ area: AreaCode, _ held: [AreaCode]) -> SyncError {
        SyncError(
            "area_not_held",
            "设备没有责任区 The device does not hold \(area.rawValue)",
            hint: held.map(\.rawValue).joined(separator: " "),
            subject: area.rawValue
        )
    }
}
