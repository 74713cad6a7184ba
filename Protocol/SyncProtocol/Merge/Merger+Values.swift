extension Merger {
    /// Merges a field, or a group whose fields travel together.
    mutating func mergeValues(of unit: [UInt32]) {
        let carried = carried(of: unit)
        let differs = carried.contains { change.fields[$0] != record.fields[$0] }
        let last = record.stamps.last(of: unit, in: record.fields)
        if let last, isSuperseded(by: last) { return }
        let base = change.base(of: unit)
        let owner = type.field(unit[0])?.owner
        let isOwner = owner != nil && (author.department == owner || repeatsOwner(last, base))
        let writers = [last].compactMap(\.self) + record.stamps.echoes(in: unit[0])
        let unseen = writers.filter { isConcurrent($0, above: base) }

        guard differs else { return countAsWriting(carried, last, unseen, isOwner: isOwner) }
        let isOutranked = last.map { $0.byOwner && owner != nil && !isOwner } ?? false
        let owners = unseen.filter(\.byOwner)
        let latest = (owners.isEmpty ? unseen : owners).max { $0.time < $1.time }
        guard let rival = latest ?? (isOutranked ? last : nil) else {
            if meetsLoser(unit) { return }
            // > [M-02] A change to a unit that nobody wrote since the base simply applies.
            return write(carried, isOwner: isOwner)
        }
        // > [M-03] A unit is contested when its last writer was another device, at a revision above
        // > the change's base, with another value.
        contest(carried, unit, with: rival, hasOwner: owner != nil, isOwner: isOwner)
    }

    // > [M-01] A change that touches a group carries it whole: a member that it leaves out loses its
    // > value.
    //
    // A device of an older schema cannot carry a member that it does not know: that one stays.
    private func carried(of unit: [UInt32]) -> [UInt32] {
        guard change.schema < type.version else { return unit }
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
        let standing = record.fields.keeping(unit)
        if verdict.proposedWins {
            let main = record.stamps.last(of: unit, in: record.fields)
            let writers = [main].compactMap(\.self) + record.stamps.echoes(in: unit[0])
            write(carried, isOwner: isOwner)
            for writer in writers where writer.device != author.device {
                keepLoser(standing, writer, unit)
            }
        } else {
            giveUp(carried, to: last)
            keepLoser(change.fields.keeping(unit), stamp(ofOwner: isOwner), unit)
            noteContest()
        }
    }

    /// Whoever said what stands, among others, and says something else now, says it no longer.
    private mutating func giveUp(_ carried: [UInt32], to rival: Stamp) {
        guard let first = carried.first, !author.isShared, rival.device != author.device else {
            return
        }
        let unit = type.unit(of: first)[0]
        var others = record.stamps.echoes(in: unit).filter { $0.device != author.device }
        if record.stamps.last(of: carried, in: record.fields)?.device == author.device {
            for number in carried { record.stamps.set(rival, of: number) }
            others.removeAll { $0 == rival }
        }
        record.stamps.set(echoes: others, in: unit)
    }

    // MARK: - Dates that lost
    //
    // A date that tightens wins against another's; if its own author loosens it then, the other's is
    // the tighter one after all, in whatever order they came.

    private func isDate(_ unit: [UInt32]) -> Bool {
        let policy = type.field(unit[0])?.policy
        return policy == .earliest || policy == .latest
    }

    private mutating func keepLoser(_ value: FieldMap, _ stamp: Stamp, _ unit: [UInt32]) {
        guard isDate(unit) else { return }
        let replaced = [stamp.device, author.device]
        let others = record.stamps.losers(in: unit[0])
            .filter { !replaced.contains($0.stamp.device) }
        // No date at all never comes back: it is looser than any.
        let loser = value[unit[0]].map {
            Stamps.Element(number: unit[0], bytes: Array($0), stamp: stamp)
        }
        record.stamps.set(losers: others + [loser].compactMap(\.self), in: unit[0])
    }

    /// Whether a date that lost before, unseen by this change's author, is tighter than the new one: then
    /// it stands.
    private mutating func meetsLoser(_ unit: [UInt32]) -> Bool {
        guard isDate(unit), let policy = type.field(unit[0])?.policy else { return false }
        let number = unit[0]
        let base = change.base(of: unit)
        let losers = record.stamps.losers(in: number).filter { isConcurrent($0.stamp, above: base) }
        record.stamps.set(losers: losers, in: number)
        let mine = change.fields.keeping(unit)
        let best = losers.max { one, other in
            isTighter(policy, number, Self.value(of: other), than: Self.value(of: one))
        }
        guard let best, isTighter(policy, number, Self.value(of: best), than: mine) else {
            return false
        }
        let value = Self.value(of: best)
        conflicts.append(
            Conflict(
                kind: .field,
                fields: unit,
                policy: policy,
                isOpen: false,
                standing: side(of: best.stamp, value),
                proposed: mySide(mine),
                proposedWon: false
            )
        )
        record.fields = record.fields.merging(value)
        var stamp = best.stamp
        stamp.base = next
        let alike = losers.filter { $0.bytes == best.bytes && $0.stamp != best.stamp }
        record.stamps.set(stamp, of: number)
        record.stamps.set(echoes: alike.map(\.stamp), in: number)
        record.stamps.set(losers: losers.filter { $0.bytes != best.bytes }, in: number)
        keepLoser(mine, self.stamp(ofOwner: false), unit)
        wrote = true
        return true
    }

    private static func value(of element: Stamps.Element) -> FieldMap {
        FieldMap.joined([(element.number, element.bytes[...])])
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
            return (isTighter(policy, carried[0], change.fields, than: record.fields), false)
        }
    }

    // > [M-04] Later observation: of two values the one observed later stands; at the same
    // > millisecond, the one whose canonical bytes are greater.
    //
    // When a copy's values were observed is not known: the record's clock is all that travelled.
    private func isLater(than last: Stamp, _ carried: [UInt32]) -> Bool {
        guard !change.isRecovered else { return wasDecided(against: last) }
        guard !isDecision(last) else { return false }
        guard change.observedAt == last.time else { return change.observedAt > last.time }
        let mine = change.fields.keeping(carried).bytes
        return record.fields.keeping(carried).bytes.lexicographicallyPrecedes(mine)
    }

    private func isTighter(
        _ policy: SchemaMergePolicy,
        _ number: UInt32,
        _ one: FieldMap,
        than other: FieldMap
    ) -> Bool {
        // No date at all is looser than any.
        guard one[number] != nil else { return false }
        guard other[number] != nil else { return true }
        let (one, other) = (one.number(of: number), other.number(of: number))
        return policy == .earliest ? one < other : one > other
    }

    private mutating func write(_ carried: [UInt32], isOwner: Bool) {
        record.fields = record.fields.replacing(carried.map { ($0, change.fields[$0] ?? []) })
        let stamp = stamp(ofOwner: isOwner)
        for number in carried { record.stamps.set(stamp, of: number) }
        record.stamps.set(echoes: [], in: type.unit(of: carried[0])[0])
        wrote = true
    }

    // > [M-10] The same value written twice is no conflict; the second writing counts as a write.
    //
    // Without this, somebody who saw only the first writing could later overrule the second unseen,
    // and of three writings, two alike, the order of arrival would decide. Whoever said the same
    // before, unseen, is remembered: the author's next value is still concurrent to theirs.
    private mutating func countAsWriting(
        _ carried: [UInt32],
        _ last: Stamp?,
        _ unseen: [Stamp],
        isOwner: Bool
    ) {
        guard let first = carried.first else { return }
        var stamp = stamp(ofOwner: isOwner)
        if let last, last.byOwner, !isOwner {
            // Whoever repeats the owner's value does not speak for the owner.
            stamp.byOwner = true
            stamp.time = last.time
        }
        for number in carried { record.stamps.set(stamp, of: number) }
        let number = type.unit(of: first)[0]
        record.stamps.set(echoes: unseen, in: number)
        let losers = record.stamps.losers(in: number).filter { $0.stamp.device != author.device }
        record.stamps.set(losers: losers, in: number)
        wrote = true
    }
}
