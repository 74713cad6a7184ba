internal import SyncProtocol

/// Makes the change that leads from what a person saw to what they want.
struct ChangeBuilder {
    let type: RecordType
    /// The record before the edit, as the person saw it.
    let record: LocalRecord
    /// The changes that still lie over it, in order.
    let overlay: [OutboxEntry]
    /// The device's clock, corrected, in milliseconds since 1970.
    let now: Int64
    let profile: DeviceProfile

    /// The edit that makes the record look like this; `nil` where nothing differs.
    func edit(to wanted: FieldMap) -> Change? {
        let seen = isReturnedCreation ? FieldMap() : record.visible ?? FieldMap()
        var change = empty
        for unit in units(seen, wanted) {
            if let field = type.field(unit[0]), field.isSet {
                add(field.number, from: seen, to: wanted, in: &change)
                continue
            }
            // A change to a group carries the whole group, absent members among the clears.
            for number in unit {
                if let value = wanted[number] {
                    change.fields = change.fields.setting(value, of: number)
                } else {
                    change.clears.append(number)
                }
            }
        }
        guard !change.touched.isEmpty else { return nil }
        // A creation has nothing to clear.
        if seen.isEmpty { change.clears = [] }
        // Captured again: whoever held the tombstone knew of the deletion and takes it back.
        change.undelete = record.visible == nil && record.acknowledged?.isDeleted == true
        change.clears.sort()
        addBases(to: &change)
        return change
    }

    /// Whether the server knows nothing of the record because it returned what created it: then the
    /// mended record is sent whole.
    private var isReturnedCreation: Bool {
        record.acknowledged == nil && !overlay.isEmpty
            && overlay.allSatisfy { $0.outcome?.kind == .quarantined }
    }

    /// The change that deletes the record.
    func deletion(_ reason: Change.Deletion) -> Change {
        var change = empty
        change.deletion = reason
        return change
    }

    // > [B-01] A change names its base: the epoch and revision of the record that its author saw,
    // > fixed when it was captured.
    private var empty: Change {
        var change = Change(
            record: record.id,
            type: record.type,
            base: record.acknowledged?.base ?? .none,
            observedAt: observedAt
        )
        change.uncertainty = profile.clockUncertainty
        change.grant = profile.grant.number
        return change
    }

    // > [T-01] A stamp's time is the later of the observed time and one millisecond after the
    // > record's clock (its latest stamp) that the author had seen.
    private var observedAt: Int64 {
        let own = pendingChanges.map(\.change.observedAt).max()
        return max(now, (record.acknowledged?.clock ?? .min) &+ 1, (own ?? .min) &+ 1)
    }

    private var pendingChanges: [(change: Change, isUnanswered: Bool)] {
        overlay.compactMap { entry in
            (try? Change(payload: entry.payload, epoch: profile.epoch)).map {
                ($0, entry.outcome == nil)
            }
        }
    }

    // > [B-02] Of a field, or group, that the device has changed and not yet had answered, the base
    // > is that of its earliest unanswered change.
    private func addBases(to change: inout Change) {
        let unanswered = pendingChanges.filter(\.isUnanswered).map(\.change)
        for number in change.touched {
            let unit = type.unit(of: number)
            let earliest = unanswered.first { earlier in
                earlier.touched.contains { unit.contains($0) }
            }
            guard let earliest else { continue }
            let base = unit.compactMap { earliest.fieldBases[$0] }.min() ?? earliest.base
            if base != change.base { change.fieldBases[number] = base }
        }
    }

    /// The units in which the two differ, by their first field.
    private func units(_ seen: FieldMap, _ wanted: FieldMap) -> [[UInt32]] {
        let numbers = Set(seen.numbers + wanted.numbers).filter { seen[$0] != wanted[$0] }.sorted()
        var units: [[UInt32]] = []
        for number in numbers {
            let unit = type.unit(of: number)
            if !units.contains(where: { $0[0] == unit[0] }) { units.append(unit) }
        }
        return units
    }

    private func add(
        _ number: UInt32,
        from seen: FieldMap,
        to wanted: FieldMap,
        in change: inout Change
    ) {
        let before = Set(seen.elements(of: number))
        let after = Set(wanted.elements(of: number))
        change.fields = change.fields.settingElements(
            Array(after.subtracting(before)),
            of: number
        )
        change.removed = change.removed.settingElements(
            Array(before.subtracting(after)),
            of: number
        )
    }
}
