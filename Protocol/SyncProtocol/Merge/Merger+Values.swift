extension Merger {
    /// Merges a field, or a group whose fields travel together.
    mutating func mergeValues(of unit: [UInt32]) {
        let carried = carried(of: unit)
        let differs = carried.contains { change.fields[$0] != record.fields[$0] }
        let last = record.stamps.last(of: unit, in: record.fields)
        let base = change.base(of: unit)
        let owner = type.field(unit[0])?.owner
        let isOwner = owner != nil && author.department == owner
        let isContested = last.map { isConcurrent($0, above: base) } ?? false

        guard differs else { return countAsWriting(carried, last, isOwner: isOwner) }
        guard let last, isContested || (last.byOwner && owner != nil && !isOwner) else {
            // > [M-02] A change to a unit that nobody wrote since the base simply applies.
            return write(carried, isOwner: isOwner)
        }
        // > [M-03] A unit is contested when its last writer was another device, at a revision above
        // > the change's base, with another value.
        contest(carried, unit, with: last, hasOwner: owner != nil, isOwner: isOwner)
    }

    // > [M-01] A change that touches a group carries it whole: a member that it leaves out loses its
    // > value.
    //
    // A device of an older schema cannot carry a member that it does not know: that one stays.
    private func carried(of unit: [UInt32]) -> [UInt32] {
        guard change.schema < Schema.version else { return unit }
        return unit.filter { change.fields[$0] != nil || change.clears.contains($0) }
    }

    private mutating func contest(
        _ carried: [UInt32],
        _ unit: [UInt32],
        with last: Stamp,
        hasOwner: Bool,
        isOwner: Bool
    ) {
        let policy = type.field(unit[0])?.policy ?? .laterObservation
        let verdict = verdict(policy, carried, last, hasOwner: hasOwner, isOwner: isOwner)
        // > [M-09] Every contest leaves a conflict entry with both values, authors, devices and
        // > times and the policy that decided it. Only review leaves it open.
        conflicts.append(
            Conflict(
                kind: .field,
                fields: unit,
                policy: policy,
                byAuthority: verdict.byAuthority,
                isOpen: policy == .review && !verdict.byAuthority,
                standing: side(of: last, record.fields.keeping(unit)),
                proposed: mySide(change.fields.keeping(unit)),
                proposedWon: verdict.proposedWins
            )
        )
        if verdict.proposedWins {
            write(carried, isOwner: isOwner)
        } else {
            noteContest()
        }
    }

    private func verdict(
        _ policy: SchemaMergePolicy,
        _ carried: [UInt32],
        _ last: Stamp,
        hasOwner: Bool,
        isOwner: Bool
    ) -> (proposedWins: Bool, byAuthority: Bool) {
        // > [M-08] A field that a department owns keeps the department's value against anybody
        // > else's; others' values are proposals.
        if hasOwner, last.byOwner != isOwner { return (isOwner, true) }
        switch policy {
        case .review, .set, .UNRECOGNIZED:
            // > [M-07] Review: the standing value stays and the conflict is open.
            return (false, false)
        case .laterObservation:
            return (isLater(than: last, carried), false)
        case .earliest, .latest:
            // > [M-05] Earliest and latest: the date that the policy names stands.
            return (isTighter(policy, carried[0]), false)
        }
    }

    // > [M-04] Later observation: of two values the one observed later stands; at the same
    // > millisecond, the one whose canonical bytes are greater.
    private func isLater(than last: Stamp, _ carried: [UInt32]) -> Bool {
        guard change.observedAt == last.time else { return change.observedAt > last.time }
        let mine = change.fields.keeping(carried).bytes
        return record.fields.keeping(carried).bytes.lexicographicallyPrecedes(mine)
    }

    private func isTighter(_ policy: SchemaMergePolicy, _ number: UInt32) -> Bool {
        // No date at all is looser than any.
        guard change.fields[number] != nil else { return false }
        guard record.fields[number] != nil else { return true }
        let mine = change.fields.number(of: number)
        let standing = record.fields.number(of: number)
        return policy == .earliest ? mine < standing : mine > standing
    }

    private mutating func write(_ carried: [UInt32], isOwner: Bool) {
        record.fields = record.fields.replacing(carried.map { ($0, change.fields[$0] ?? []) })
        let stamp = stamp(ofOwner: isOwner)
        for number in carried { record.stamps.set(stamp, of: number) }
        wrote = true
    }

    // > [M-10] The same value written twice is no conflict; the second writing counts as a write.
    //
    // Without this, somebody who saw only the first writing could later overrule the second unseen,
    // and of three writings, two alike, the order of arrival would decide.
    private mutating func countAsWriting(_ carried: [UInt32], _ last: Stamp?, isOwner: Bool) {
        var stamp = stamp(ofOwner: isOwner)
        if let last {
            // Whoever repeats the owner's value does not speak for the owner.
            let isOutranked = last.byOwner && !isOwner
            let isEqual = last.byOwner == isOwner
            stamp.byOwner = last.byOwner || isOwner
            if isOutranked { stamp.time = last.time }
            if isEqual { stamp.time = max(stamp.time, last.time) }
        }
        for number in carried { record.stamps.set(stamp, of: number) }
        wrote = true
    }
}
