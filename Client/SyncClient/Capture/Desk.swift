internal import SyncProtocol
internal import SyncTrust

/// Does within one local transaction what a person wants done: numbers, chains and keeps the change,
/// and lays it over the record.
struct Desk {
    let transaction: any LocalTransaction
    let profile: DeviceProfile
    let rules: any RecordRules
    let now: Int64
    let schema: Schema

    /// Makes a record look like this.
    ///
    /// Returns whether anything had to change.
    ///
    /// Throws the code of the first rule that the record would break, and `reference_unknown`.
    @discardableResult
    func put(
        _ wanted: FieldMap,
        at id: RecordID,
        type: RecordType,
        notBefore: Int64 = .min,
        everything: Bool = false,
        mending others: [SequenceNumber] = []
    ) throws -> Bool {
        let held = try transaction.record(id)
        let record = held ?? LocalRecord(id: id, type: type.number)
        let overlay = held == nil ? [] : try transaction.overlay(of: id)
        var builder = try builder(for: record, overlay, type)
        builder.notBefore = notBefore
        guard var change = builder.edit(to: wanted, everything: everything) else { return false }
        change.mends = Set(change.mends + others).sorted()
        try check(wanted, over: record, type)
        try checkReferences(of: change, type)
        try keep(change, for: record)
        if held == nil { try showWhatPoints(to: id) }
        return true
    }

    /// Throws the first rule that a record would break and does not break already.
    func check(_ wanted: FieldMap, over record: LocalRecord, _ type: RecordType) throws {
        let before = Set((record.visible.map { rules.violations(of: $0, as: type) }) ?? [])
        let broken = rules.violations(of: wanted, as: type)
        if let violation = broken.first(where: { !before.contains($0) }) {
            throw SyncError(violation, type)
        }
    }

    /// A record that refers to another is captured where that one is held.
    private func checkReferences(of change: Change, _ type: RecordType) throws {
        for field in type.placing {
            guard field.format == .reference,
                let target = change.fields.reference(field.number)
            else { continue }
            let found = try transaction.record(target)
            let type = found.flatMap { schema.type($0.type)?.name }
            guard let found, type == field.refersTo, found.visible != nil || found.redirect != nil
            else {
                throw SyncError(
                    "reference_unknown",
                    "\(field.zh)所指的记录不在本设备上 This device holds no such \(field.en)",
                    hint: "先采集或同步该记录。 Capture it first, or sync.",
                    subject: field.name
                )
            }
        }
    }

    /// Deletes a record that the person sees.
    ///
    /// Throws `deletion_reason_missing`, and `capture_returned` where the server has returned what made
    /// it: only a reviewer throws that away [V-06].
    func delete(_ record: LocalRecord, _ reason: Change.Deletion, type: RecordType) throws {
        // > [M-15] A deletion names its reason.
        guard reason.isGiven else {
            throw SyncError(
                "deletion_reason_missing",
                "请说明删除原因 Say why it is deleted",
                hint: "--reason 1 误采 2 重复 3 本人要求，99 其他须写 --text。 99 needs --text in words."
            )
        }
        let overlay = try transaction.overlay(of: record.id)
        if record.acknowledged == nil, overlay.allSatisfy(\.isReturned) {
            throw SyncError(
                "capture_returned",
                "该采集已被退回，服务器上没有这条记录 The server has returned this capture",
                hint: "请用 residence mend 改正，或请审核人员丢弃。 Mend it, or ask a reviewer to discard it."
            )
        }
        try keep(try builder(for: record, overlay, type).deletion(reason), for: record)
    }

    /// Makes a change of a held record as a builder makes it, numbers and keeps it.
    func act(
        on record: LocalRecord,
        _ type: RecordType,
        _ make: (ChangeBuilder) throws -> Change
    ) throws {
        let overlay = try transaction.overlay(of: record.id)
        try keep(try make(try builder(for: record, overlay, type)), for: record)
    }

    /// The record to which one points in the end, as far as this device holds it; itself where to none.
    func target(of id: RecordID) throws -> RecordID {
        var id = id
        var seen: Set<RecordID> = [id]
        while let next = try transaction.record(id)?.redirect, seen.insert(next).inserted,
            let target = try transaction.record(next),
            target.visible != nil || target.redirect != nil
        {
            id = next
        }
        return id
    }

    /// A capture at the records that its own, and those that it refers to, were found to be.
    func following(_ capture: Capture) throws -> Capture {
        var capture = capture
        let id = try target(of: capture.id)
        if id != capture.id {
            // The number under which it was captured is the old one.
            capture.fields = capture.fields.clearing(capture.type.identityUnit)
            capture.id = id
        }
        capture.fields = try following(capture.fields, as: capture.type)
        return capture
    }

    private func following(_ fields: FieldMap, as type: RecordType) throws -> FieldMap {
        try type.placing.filter { $0.format == .reference }.reduce(fields) { fields, field in
            guard let named = fields.reference(field.number) else { return fields }
            let target = try target(of: named)
            return target == named ? fields : fields.setting(bytes: target.bytes, of: field.number)
        }
    }

    private func builder(
        for record: LocalRecord,
        _ overlay: [OutboxEntry],
        _ type: RecordType
    ) throws -> ChangeBuilder {
        let said = try lay(overlay, over: record, type, withReturned: false)
        return ChangeBuilder(
            type: type,
            record: record,
            overlay: overlay.filter { !$0.isContained(in: record.acknowledged) },
            said: said.visible,
            now: now,
            profile: profile
        )
    }

    /// Numbers and keeps a copy that the server may lack.
    func offer(
        _ copy: Change,
        of record: LocalRecord,
        insteadOf returned: SequenceNumber? = nil
    ) throws {
        var copy = copy
        copy.grant = profile.grant.number
        if let returned { copy.mends = [returned] }
        try keep(copy, for: record)
    }

    // > [Q-01] A device numbers its changes 1, 2, 3 …, durably before it sends them, and sends them
    // > in order.
    private func keep(_ change: Change, for record: LocalRecord) throws {
        guard let type = schema.type(record.type) else { return }
        let payload = change.payload
        let last = try transaction.lastChange()
        try transaction.append(
            OutboxEntry(
                sequence: (last?.sequence ?? .none).next,
                record: record.id,
                payload: payload,
                chain: Chain.head(
                    after: last?.chain ?? Chain.start,
                    hash: Chain.hash(of: payload)
                )
            )
        )
        try refresh(record, type)
    }

    /// Lays what is pending over a record, as it was kept, once more and keeps it; and over the record that
    /// it was found to be.
    func refresh(_ record: LocalRecord, _ type: RecordType) throws {
        var record = record
        let former = record.redirect
        try relay(&record, type)
        try transaction.save(record)
        for id in Set([former, record.redirect].compactMap(\.self)) { try show(id) }
    }

    /// Erases a record; the one that this device had found it to be shows nothing of it any more.
    func erase(_ record: LocalRecord) throws {
        try transaction.erase(record.id)
        if let target = record.redirect { try show(target) }
        try showWhatPoints(to: record.id)
    }

    /// Shows anew what was found to be a record that is here just now, or is not any more: only where it is not does
    /// what is captured under the old number show there.
    func showWhatPoints(to id: RecordID) throws {
        for source in try transaction.redirects(to: id) { try show(source.id) }
    }

    private func show(_ id: RecordID) throws {
        guard var record = try transaction.record(id), let type = schema.type(record.type) else {
            return
        }
        let former = record.redirect
        try relay(&record, type)
        try transaction.save(record)
        // Its own finding may have been answered just now: then what it had pointed to shows less, too.
        guard former != record.redirect else { return }
        for id in [former, record.redirect].compactMap(\.self) { try show(id) }
    }

    /// Lays what is pending over the record once more.
    func relay(_ record: inout LocalRecord, _ type: RecordType) throws {
        let overlay = try transaction.overlay(of: record.id)
        let laid = try lay(overlay, over: record, type)
        record.visible = laid.visible
        record.redirect = laid.redirect
        record.pending = overlay.count { $0.outcome == nil }
        record.returned = overlay.standing(epoch: profile.epoch).count(where: \.isReturned)
    }

    /// What lies over a record; without what was returned, what it would say had that not been said.
    private func lay(
        _ overlay: [OutboxEntry],
        over record: LocalRecord,
        _ type: RecordType,
        withReturned: Bool = true
    ) throws -> Overlay {
        let target = try record.acknowledged?.redirect.flatMap(transaction.record)
        return Overlay(
            over: record.acknowledged,
            overlay.laid(epoch: profile.epoch).filter {
                (withReturned || !$0.isReturned) && !$0.entry.isContained(in: record.acknowledged)
            },
            found: try found(to: record.id, type),
            isTargetHeld: target != nil,
            type: type
        )
    }

    /// The records that this device found to be one, as far as the server has not taken them in yet.
    private func found(to id: RecordID, _ type: RecordType) throws -> [Overlay.Found] {
        try transaction.redirects(to: id).compactMap { source in
            guard source.acknowledged?.redirect != id else { return nil }
            let laid = try transaction.overlay(of: source.id).laid(epoch: profile.epoch)
            guard let finding = laid.last(where: { $0.change.redirect != nil }),
                let said = Overlay(over: source.acknowledged, laid, type: type).hidden
            else { return nil }
            return Overlay.Found(sequence: finding.entry.sequence, said: said)
        }
    }
}

extension SyncError {
    /// A rule that a record would break; the sentence is for the person who captures.
    init(_ violation: Violation, _ type: RecordType) {
        let field = type.field(violation.field)
        self.init(
            SyncError.Code(rawValue: violation.code),
            "\(violation.zh) \(violation.en)",
            hint: "\(field?.zh ?? type.zh) \(field?.en ?? type.en)",
            subject: field?.name
        )
    }
}
