internal import SyncProtocol

/// Makes the change that leads from what a person saw to what they want.
struct ChangeBuilder {
    let type: RecordType
    /// The record before the edit, as the person saw it.
    let record: LocalRecord
    /// The changes that still lie over it, in order.
    let overlay: [OutboxEntry]
    /// What the person would see without what was returned; `nil` where nothing.
    let said: FieldMap?
    /// The device's clock, corrected, in milliseconds since 1970.
    let now: Int64
    let profile: DeviceProfile

    /// The earliest time that the change may bear, in milliseconds since 1970.
    var notBefore = Int64.min

    /// The edit that makes the record look like this; `nil` where nothing differs.
    ///
    /// What the server returned counts as not said yet: what the edit says of the same fields takes its
    /// place. With `everything`, all that was returned is said again.
    func edit(to wanted: FieldMap, everything: Bool = false) -> Change? {
        let isAgain = record.visible == nil
        let isWhole =
            everything || (record.acknowledged == nil && laid.contains(where: \.isReturned))
        let said = isAgain ? FieldMap() : said ?? FieldMap()
        let seen = isWhole ? said : record.visible ?? FieldMap()
        var change = empty
        let changed = units(seen, wanted, and: everything ? returnedFields : [])
        for unit in changed { say(unit, of: wanted, over: said, in: &change) }
        // Where nothing was seen, there is nothing to take away.
        if seen.isEmpty {
            change.clears = []
            change.removed = FieldMap()
        }
        if isAgain, let known = record.acknowledged {
            // > [E-02] A creation begins anew, and is reviewed.
            if known.isErased { change.base = .none }
            // Captured again: whoever held the tombstone knew of the deletion and takes it back.
            change.undelete = record.redirect == nil && !known.isErased
        }
        change.clears.sort()
        let again = Set(changed.joined())
        change.mends = mended { returned in
            guard !returned.isAct, returned.resolution == nil else { return false }
            if isWhole { return true }
            if returned.deletion != nil { return isAgain }
            return !returned.touched.isEmpty && again.isSuperset(of: returned.touched)
        }
        guard !change.touched.isEmpty else { return nil }
        addBases(to: &change)
        return change
    }

    private func say(
        _ unit: [UInt32],
        of wanted: FieldMap,
        over said: FieldMap,
        in change: inout Change
    ) {
        if let field = type.field(unit[0]), field.isSet {
            return add(field.number, from: said, to: wanted, in: &change)
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

    /// The change that deletes the record.
    func deletion(_ reason: Change.Deletion) -> Change {
        var change = empty
        change.deletion = reason
        change.mends = mended { _ in true }
        return change
    }

    /// The change that takes a deletion back [M-16].
    var undeletion: Change {
        var change = empty
        change.undelete = true
        change.mends = mended { $0.deletion != nil || $0.undelete }
        return change
    }

    /// The change that takes back what was asked and refused: acts, not what was captured.
    var withdrawal: Change {
        var change = empty
        change.mends = mended { $0.isRequest || $0.isWithdrawal }
        return change
    }

    /// The change that says which record this one is; `nil` takes that back.
    func redirect(to target: RecordID?) -> Change {
        var change = empty
        change.redirect = target
        change.split = target == nil
        change.mends = mended { $0.isAct }
        return change
    }

    /// The change that settles a conflict; a third value is what the record is wanted to say.
    ///
    /// Whoever settles has both sides in view: nothing of the device's own that is still unanswered
    /// lowers the base.
    func resolution(
        of entry: ConflictEntry,
        _ choice: Change.Resolution.Choice,
        reason: String,
        wanted: FieldMap?
    ) -> Change {
        var change = empty
        change.resolution = Change.Resolution(conflict: entry.id, choice: choice, reason: reason)
        change.mends = mended { $0.resolution?.conflict == entry.id }
        guard choice == .other, let wanted else {
            return change.settling(entry, over: record.visible ?? FieldMap(), of: type)
        }
        let unit = Set(entry.conflict.fields.flatMap(type.unit)).sorted()
        change.fields = wanted.keeping(unit)
        change.clears = unit.filter { wanted[$0] == nil }
        return change
    }

    private var laid: [LaidChange] { overlay.laid(epoch: profile.epoch) }

    // > [V-05] A change may name returned changes of its device that it takes the place of.
    private func mended(_ isMended: (Change) -> Bool) -> [SequenceNumber] {
        let mended = overlay.filter(\.isReturned).flatMap { entry in
            guard let change = try? Change(payload: entry.payload, epoch: profile.epoch),
                isMended(change)
            else { return [] as [SequenceNumber] }
            return [entry.sequence] + change.handedOn
        }
        return Set(mended).sorted()
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
        change.schema = type.version
        change.uncertainty = profile.clockUncertainty
        change.grant = profile.grant.number
        return change
    }

    // > [T-01] A stamp's time is the later of the observed time and one millisecond after the
    // > record's clock (its latest stamp) that the author had seen.
    private var observedAt: Int64 {
        let own = laid.map(\.change.observedAt).max()
        let known = (record.acknowledged?.clock ?? .min) &+ 1
        return max(now, known, (own ?? .min) &+ 1, notBefore)
    }

    // > [B-02] Of a field, or group, that the device has changed and not yet had answered, the base
    // > is that of its earliest unanswered change.
    //
    // A returned change was answered, but it hid what arrived underneath it all the same.
    private func addBases(to change: inout Change) {
        let unanswered = laid.filter { $0.entry.outcome == nil || $0.isReturned }
            .map(\.change)
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

    /// The fields that returned changes say, sets apart: what is said of those again mends them.
    private var returnedFields: [UInt32] {
        laid.filter(\.isReturned).flatMap(\.change.touched).filter { type.field($0)?.isSet != true }
    }

    /// The units in which the two differ, and some besides, by their first field.
    private func units(
        _ seen: FieldMap,
        _ wanted: FieldMap,
        and others: [UInt32] = []
    ) -> [[UInt32]] {
        let differing = Set(seen.numbers + wanted.numbers).filter { seen[$0] != wanted[$0] }
        var first: Set<UInt32> = []
        return differing.union(others).sorted().map { type.unit(of: $0) }
            .filter { first.insert($0[0]).inserted }
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
