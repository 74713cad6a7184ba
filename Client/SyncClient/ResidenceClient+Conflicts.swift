public import SyncProtocol

extension ResidenceClient {
    // > [C-05] Open conflicts are listed by what they would change, then by age.

    /// Open conflicts among what the device holds, without those that were settled on it already.
    public func openConflicts(
        _ filter: ConflictFilter = ConflictFilter()
    ) async throws -> [ConflictEntry] {
        try await mustHaveLease()
        return try await store.read { transaction in
            let entries = try transaction.conflicts().compactMap { ConflictEntry($0) }
            return try entries.filter { entry in
                try filter.admits(entry) && !Self.isSettled(entry, in: transaction)
                    && Self.stands(entry, in: filter.area, in: transaction)
            }
            .sorted { ($1.impact, $0.id) < ($0.impact, $1.id) }
        }
    }

    /// Whether something that waits here settles a conflict: a resolution, or an edit by somebody who had
    /// both sides in view [C-04].
    private static func isSettled(
        _ entry: ConflictEntry,
        in transaction: some LocalReader
    ) throws -> Bool {
        let unit = entry.conflict.fields
        return try transaction.overlay(of: entry.record).laid(epoch: entry.base.epoch)
            .contains { laid in
                let change = laid.change
                if change.resolution?.conflict == entry.id { return true }
                let hasSeenBoth = change.base(of: unit) >= entry.base
                return !laid.isReturned && hasSeenBoth
                    && !Set(change.touched).isDisjoint(with: unit)
            }
    }

    private static func stands(
        _ entry: ConflictEntry,
        in area: AreaCode?,
        in transaction: some LocalReader
    ) throws -> Bool {
        guard let area else { return true }
        return try transaction.record(entry.record)?.areas.contains(where: area.contains) ?? false
    }

    /// The open conflict with the server's number for it.
    ///
    /// Throws `conflict_unknown`.
    public func conflict(_ number: UInt64) async throws -> ConflictEntry {
        guard let entry = try await openConflicts().first(where: { $0.id == number }) else {
            throw SyncError.conflictUnknown(number)
        }
        return entry
    }

    // > [C-03] A resolution is a change. It takes the standing value, the proposed one or a third.

    /// Settles a conflict; the server hears of it at the next sync.
    ///
    /// `seen` is the record's revision that the person looked at: where the device has heard of a later
    /// one, nothing is done. `value` is given what the person sees of the record and returns it with the
    /// third value laid over. Throws `conflict_unknown`, `conflict_outdated`, `role_forbidden`, `value_unfit`
    /// where the third value is none of the fields in conflict, and the rule that it would break.
    public func resolve(
        _ number: UInt64,
        _ choice: Change.Resolution.Choice,
        seen: Revision? = nil,
        reason: String = "",
        value: (@Sendable (FieldMap, RecordType) throws -> FieldMap)? = nil
    ) async throws {
        try await write { desk in
            guard desk.profile.grant.role.may(.resolve) else { throw SyncError.roleForbidden }
            let open = try desk.transaction.conflicts().compactMap { ConflictEntry($0) }
            guard let entry = open.first(where: { $0.id == number }),
                try !Self.isSettled(entry, in: desk.transaction)
            else { throw SyncError.conflictUnknown(number) }
            let (record, type) = try desk.held(entry.record)
            guard seen == nil || seen == record.acknowledged?.base.revision else {
                throw SyncError.conflictOutdated
            }
            let wanted =
                try choice == .other
                ? value.map { try $0(record.visible ?? FieldMap(), type) } : nil
            let third = try desk.third(wanted, for: entry, choice, over: record, type)
            try desk.act(on: record, type) {
                $0.resolution(of: entry, choice, reason: reason, wanted: third)
            }
            return [entry.record]
        }
    }
}

extension Desk {
    /// The third value of a conflict, checked; `nil` where one of the two sides was chosen.
    fileprivate func third(
        _ wanted: FieldMap?,
        for entry: ConflictEntry,
        _ choice: Change.Resolution.Choice,
        over record: LocalRecord,
        _ type: RecordType
    ) throws -> FieldMap? {
        guard choice == .other else { return nil }
        let unit = Set(entry.conflict.fields.flatMap { type.unit(of: $0) })
        guard let wanted = try wanted?.canonical(as: type), !unit.isEmpty,
            wanted.clearing(unit) == (record.visible ?? FieldMap()).clearing(unit)
        else { throw SyncError.valueUnfit }
        try checkIdentity(record, wanted, type)
        try check(wanted, over: record, type)
        return wanted
    }

    /// A record that the device holds, and its type.
    func held(_ id: RecordID) throws -> (LocalRecord, RecordType) {
        guard let record = try transaction.record(id), let type = schema.type(record.type) else {
            throw SyncError.recordUnknown(id)
        }
        return (record, type)
    }
}

extension SyncError {
    static func conflictUnknown(_ number: UInt64) -> SyncError {
        SyncError(
            "conflict_unknown",
            "本设备上没有编号为 \(number) 的待裁决冲突 This device holds no such open conflict",
            hint: "residence conflicts 列出全部。 residence conflicts lists them; sync first.",
            subject: String(number)
        )
    }

    fileprivate static let conflictOutdated = SyncError(
        "conflict_outdated",
        "记录已有新变更，请重新查看后裁决 The record moved on; look at both sides again",
        hint: "residence conflicts 编号 两边并列显示。 residence conflicts NUMBER shows both sides."
    )

    fileprivate static let roleForbidden = SyncError(
        "role_forbidden",
        "本岗位无权裁决冲突 This device's role may not settle conflicts",
        hint: "由审核人员裁决。 A reviewer does."
    )

    fileprivate static let valueUnfit = SyncError(
        "value_unfit",
        "第三个值应只含冲突所涉字段 The third value must be of the fields in conflict and of nothing else",
        hint: "residence resolve 编号 字段=内容。 residence resolve NUMBER FIELD=VALUE."
    )
}
