internal import SyncProtocol
internal import SyncTrust

/// Does within one local transaction what a person wants done: numbers, chains and keeps the change,
/// and lays it over the record.
struct Desk {
    let transaction: any LocalTransaction
    let profile: DeviceProfile
    let rules: any RecordRules
    let now: Int64
    let schema = Schema.current

    /// Makes a record look like this.
    ///
    /// Returns whether anything had to change.
    ///
    /// Throws the code of the first rule that the record would break, and `reference_unknown`.
    @discardableResult
    func put(_ wanted: FieldMap, at id: RecordID, type: RecordType) throws -> Bool {
        let held = try transaction.record(id)
        let record = held ?? LocalRecord(id: id, type: type.number)
        let overlay = held == nil ? [] : try transaction.overlay(of: id)
        let builder = builder(for: record, overlay, type)
        guard let change = builder.edit(to: wanted) else { return false }
        let before = Set((record.visible.map { rules.violations(of: $0, as: type) }) ?? [])
        if let violation = rules.violations(of: wanted, as: type).first(where: {
            !before.contains($0)
        }) {
            throw SyncError(violation, type)
        }
        try checkReferences(of: change, type)
        try keep(change, for: record, seenFrom: wanted)
        return true
    }

    /// A record that refers to another is captured where that one is held.
    private func checkReferences(of change: Change, _ type: RecordType) throws {
        for field in type.placing {
            guard field.format == .reference,
                let target = change.fields.reference(field.number)
            else { continue }
            let found = try transaction.record(target).flatMap { schema.type($0.type)?.name }
            guard found == field.refersTo else {
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
    func delete(_ record: LocalRecord, _ reason: Change.Deletion, type: RecordType) throws {
        let builder = builder(for: record, try transaction.overlay(of: record.id), type)
        try keep(builder.deletion(reason), for: record, seenFrom: nil)
    }

    private func builder(
        for record: LocalRecord,
        _ overlay: [OutboxEntry],
        _ type: RecordType
    ) -> ChangeBuilder {
        ChangeBuilder(type: type, record: record, overlay: overlay, now: now, profile: profile)
    }

    // > [Q-01] A device numbers its changes 1, 2, 3 …, durably before it sends them, and sends them
    // > in order.
    private func keep(
        _ change: Change,
        for record: LocalRecord,
        seenFrom visible: FieldMap?
    ) throws {
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
        var record = record
        record.visible = visible
        record.pending += 1
        try transaction.save(record)
    }

    /// Lays what is pending over the record once more.
    func relay(_ record: inout LocalRecord, _ type: RecordType) throws {
        let overlay = try transaction.overlay(of: record.id)
        let changes = overlay.compactMap { try? Change(payload: $0.payload, epoch: profile.epoch) }
        record.visible = Overlay.visible(over: record.acknowledged, changes, type: type)
        record.pending = overlay.count { $0.outcome == nil }
        record.returned = overlay.count { $0.outcome?.kind == .quarantined }
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
