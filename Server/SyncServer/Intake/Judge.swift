internal import SyncProtocol

/// Decides what becomes of each change of a batch, looking at the records as they are by then.
struct Judge {
    let device: StoredDevice
    let records: WorkingSet
    let transaction: any StoreTransaction
    let rules: any RecordRules
    let schema: Schema
    let limits: Limits
    let epoch: Epoch

    /// What is to be done with a change.
    ///
    /// > [V-01] A change that breaks a rule is quarantined, whole, with a code and the field; the
    /// > rest of its batch is dealt with.
    func verdict(on change: Change) throws -> Verdict {
        // > [V-04] A change for a type that nobody here knows is quarantined with its bytes.
        guard let type = schema.type(change.type) else { return .quarantine(.typeUnknown) }
        let canonical: Change
        do throws(WireError) {
            canonical = try change.canonical(as: type)
        } catch {
            guard case .field(let number) = error else { return .quarantine(.malformed) }
            return .quarantine(.malformed(field: number))
        }
        do {
            return .accept(try merged(canonical, type))
        } catch let refusal as Refusal {
            return .quarantine(refusal)
        }
    }

    private func merged(_ change: Change, _ type: RecordType) throws -> Merged {
        let standing = try records.record(change.record)
        try checkPresence(of: standing, for: change, type)
        try checkReferences(of: change, type)
        try checkOwnFields(of: change, isCreation: standing == nil, type)
        try checkAreas(of: standing, for: change, type)
        let isReferredTo =
            try change.deletion != nil && records.isReferredTo(change.record)
        var merged = merge(
            change,
            by: device.author,
            into: standing?.state,
            of: type,
            epoch: epoch,
            isReferredTo: isReferredTo
        )
        guard merged.record.fields.bytes.count <= limits.recordBytes else { throw Refusal.tooLarge }
        if merged.record.isDeleted, change.deletion == nil { throw Refusal.deleted }
        if let standing { try checkRules(of: &merged, over: standing.state, change, type) }
        return merged
    }

    private func checkPresence(
        of standing: StoredRecord?,
        for change: Change,
        _ type: RecordType
    ) throws {
        if let standing {
            guard standing.state.type == change.type else { throw Refusal.malformed(field: 0) }
            return
        }
        // > [V-02] A change that depends on a quarantined creation waits with it, and leaves with it.
        let isWhole = rules.violations(of: change.fields, as: type).isEmpty
        if try !isWhole && !transaction.quarantinedCreations(among: [change.record]).isEmpty {
            throw Refusal.waits
        }
        guard change.isCreation else { throw Refusal.recordUnknown }
    }

    private func checkReferences(of change: Change, _ type: RecordType) throws {
        for field in type.placing where field.format == .reference {
            guard let target = change.fields.reference(field.number) else { continue }
            if let found = try records.record(target) {
                guard schema.type(found.state.type)?.name == field.refersTo else {
                    throw Refusal.referenceUnknown(field: field.number)
                }
                continue
            }
            // > [V-02] A change that depends on a quarantined creation waits with it, and leaves with it.
            if try !transaction.quarantinedCreations(among: [target]).isEmpty {
                throw Refusal.waits
            }
            throw Refusal.referenceUnknown(field: field.number)
        }
    }

    /// What a change says has to be valid by itself; what a creation leaves out, too.
    private func checkOwnFields(
        of change: Change,
        isCreation: Bool,
        _ type: RecordType
    ) throws {
        let violations = rules.violations(of: change.fields, as: type)
        let own = violations.first { isCreation || change.fields[$0.field] != nil }
        if let own { throw Refusal(own) }
    }

    // > [V-03] A change to a record outside the areas of the grant under which it was captured is
    // > quarantined.
    private func checkAreas(
        of standing: StoredRecord?,
        for change: Change,
        _ type: RecordType
    ) throws {
        let granted = device.areas(ofGrant: change.grant)
        if let standing, try isHeld(standing, under: granted) { return }
        // A capture of what is known elsewhere already is a concurrent creation: it names the area.
        guard change.isCreation, standing == nil || change.record.isDerived else {
            throw Refusal.outside
        }
        let named = type.placing.filter { $0.format == .area }
            .flatMap { change.fields.texts(of: $0.number) }.compactMap { AreaCode($0) }
        let followed = try type.placing.filter { $0.placing == .follows }
            .compactMap { try change.fields.reference($0.number).flatMap(records.record) }
        let isInside =
            try named.allSatisfy { granted.cover($0) }
            && followed.allSatisfy { try isHeld($0, under: granted) }
        guard isInside, !named.isEmpty || !followed.isEmpty else { throw Refusal.outside }
    }

    /// Whether the device holds a record, held it before it left, or made it.
    private func isHeld(_ record: StoredRecord, under granted: [AreaCode]) throws -> Bool {
        if record.placements.contains(where: { granted.cover($0.area) }) { return true }
        if record.state.wasWritten(by: device.id) { return true }
        return try transaction.departures(of: record.state.id).contains { granted.cover($0) }
    }

    private func checkRules(
        of merged: inout Merged,
        over standing: RecordState,
        _ change: Change,
        _ type: RecordType
    ) throws {
        guard merged.record.fields != standing.fields else { return }
        let before = Set(rules.violations(of: standing.fields, as: type).map(\.rule))
        let broken = rules.violations(of: merged.record.fields, as: type)
            .filter { !before.contains($0.rule) }
        guard let first = broken.first else { return }
        guard standing.holdsOthersWork(than: device.id, above: change.base) else {
            throw Refusal(first)
        }
        // > [M-14] A merge of two valid changes that breaks a rule is kept and opens a conflict.
        merged.noteInvalid(first, standing: standing, change, by: device.id)
    }
}

extension Violation {
    fileprivate struct Rule: Hashable {
        let code: String
        let field: UInt32
    }

    fileprivate var rule: Rule { Rule(code: code, field: field) }
}
