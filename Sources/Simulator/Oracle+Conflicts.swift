internal import ResidenceDomain
internal import SyncProtocol
internal import SyncServer

// What the oracle says of conflicts: that there is one where there has to be, none elsewhere, and who won.

extension Oracle {
    // > I9 a conflict is recorded if, and only if, two concurrent changes gave the same field (or group)
    // > different values.

    mutating func judgeConflicts(_ standing: Standing) {
        let server = standing.server
        for (id, entries) in standing.conflicts.sorted(by: { $0.key < $1.key }) {
            for entry in entries where entry.conflict.kind == .field {
                // Of a record that was erased by law the fact stays that there was a conflict; it is told of a
                // record, too, that was once found to be that one.
                let concerned = [id, entry.record, entry.via].compactMap(\.self)
                guard erased.isDisjoint(with: concerned) else { continue }
                let (one, other) = (entry.conflict.standing, entry.conflict.proposed)
                let isOfSet = entry.conflict.fields.contains { number in
                    Schema.current.type(entry.type)?.field(number)?.isSet == true
                }
                if one.values == other.values, one.removed.isEmpty, other.removed.isEmpty, !isOfSet
                {
                    accuse(
                        "I9",
                        "conflict \(entry.id) of \(entry.conflict.fields) is between a value and itself",
                        about: id
                    )
                }
                // A copy that came back speaks for nobody, and so does the server's own device. Of a device with
                // another key since, what was told apart and found to be one again is asked of people [R-04, A-12].
                let isRekeyed = books.values.contains { book in
                    book.keys.count > 1 && book.keys.contains(one.device)
                }
                if one.device == other.device, one.device != server, restores == 0,
                    entry.via == nil || !isRekeyed
                {
                    accuse("I9", "conflict \(entry.id) is between a device and itself", about: id)
                }
            }
        }
    }

    /// What the history makes of the conflicts of each record: those that are due, and no others.
    ///
    /// After a restore what comes back may have been decided before: then the history alone does not tell.
    mutating func judgeContests(_ standing: Standing) {
        guard restores == 0 else { return }
        for (id, record) in standing.records.sorted(by: { $0.key < $1.key }) {
            guard let type = Schema.current.type(record.state.type), !record.state.isErased,
                !erased.contains(id), !hasBeenAnother(id, record, standing)
            else { continue }
            let said = said(of: id, type, standing)
            let entries = (standing.conflicts[id] ?? []).filter { entry in
                entry.conflict.kind == .field && entry.via == nil && entry.record == id
            }
            judgeDue(said, entries, type, about: id)
            judgeLast(said, entries, record, type, standing)
            for entry in entries {
                let isOfSet = entry.conflict.fields.contains { type.field($0)?.isSet == true }
                guard !isOfSet else { continue }
                judgeConcurrency(of: entry, said, about: id)
                judgeWinner(of: entry, type, standing)
            }
        }
    }

    /// Whoever says something else than stands, and had not seen who wrote it, is told on.
    private mutating func judgeDue(
        _ said: [Said],
        _ entries: [ConflictEntry],
        _ type: RecordType,
        about id: RecordID
    ) {
        // Whether a record is there at all is another question than what it says [M-12].
        guard said.allSatisfy({ $0.change.deletion == nil && !$0.change.undelete }) else { return }
        for (index, one) in said.enumerated() where one.change.resolution == nil {
            for unit in one.units(of: type) where type.field(unit[0])?.isSet == false {
                let value = one.change.fields.keeping(unit)
                let before = said[..<index].filter { $0.touches(unit) }
                // Where anybody said the same before, that may have stood.
                let isNew = !before.contains { $0.change.fields.keeping(unit) == value }
                // Whoever wrote last of those whose word stood from then on.
                let last = before.last { other in
                    !entries.contains { $0.outvoted(other, about: unit, among: said) }
                }
                let rival = last.flatMap { other in
                    one.isSameHand(as: other, about: unit) || one.hasSeen(other, about: unit)
                        ? nil : other
                }
                let isTold = entries.contains { $0.tells(of: one, about: unit, among: said) }
                guard isNew, let rival, !isTold else { continue }
                accuse(
                    "I9",
                    "\(one.words) and \(rival.words), unseen by each other, differ in \(unit), and no conflict says so",
                    about: id
                )
            }
        }
    }

    // > [M-02] A change to a unit that nobody wrote since the base simply applies. [C-03] A resolution takes the
    // > standing value, the proposed one or a third.

    /// What was said last, and contested by nobody, is what stands.
    private mutating func judgeLast(
        _ said: [Said],
        _ entries: [ConflictEntry],
        _ record: StoredRecord,
        _ type: RecordType,
        _ standing: Standing
    ) {
        guard said.allSatisfy({ $0.change.deletion == nil && !$0.change.undelete }) else { return }
        let (now, id) = (record.state.fields, record.state.id)
        for unit in Set(said.flatMap { $0.units(of: type) }).sorted(by: { $0[0] < $1[0] }) {
            if type.field(unit[0])?.isSet == true {
                guard let last = said.last(where: { $0.touches(unit) }), last.isRefuted(now, unit)
                else { continue }
                accuse("M", "\(last.words) changed \(unit) last, which stands otherwise", about: id)
            } else if let value = lastValue(of: unit, said, entries, type),
                value != now.keeping(unit), !standing.isFollowed(value, now, unit, type)
            {
                accuse("M", "what was said of \(unit) last does not stand", about: id)
            }
        }
    }

    /// What has to stand of a unit; `nil` where the history alone does not tell.
    private func lastValue(
        of unit: [UInt32],
        _ said: [Said],
        _ entries: [ConflictEntry],
        _ type: RecordType
    ) -> FieldMap? {
        for one in said.reversed() {
            let resolution = one.change.resolution
            let settled = resolution.flatMap { known in entries.first { $0.id == known.conflict } }
            if let resolution, let settled, settled.conflict.fields == unit {
                switch resolution.choice {
                case .standing: continue
                case .proposed: return settled.conflict.proposed.values.keeping(unit)
                case .other: return one.change.fields.keeping(unit)
                }
            }
            guard one.touches(unit) else { continue }
            // An older program may have said a part of a group.
            guard one.change.schema >= type.version else { return nil }
            switch one.kind {
            case .applied, .unchanged: return one.change.fields.keeping(unit)
            // A proposal, of this unit alone, leaves what stood.
            case .conflicted where one.units(of: type) == [unit]: continue
            default: return nil
            }
        }
        return nil
    }

    /// A conflict is between two of whom neither had seen the other.
    private mutating func judgeConcurrency(
        of entry: ConflictEntry,
        _ said: [Said],
        about id: RecordID
    ) {
        // Whoever does not own a field proposes, whatever they have seen [M-08].
        guard !entry.conflict.byAuthority else { return }
        let unit = entry.conflict.fields
        let (standing, proposed) = (
            said.filter { $0.isSide(entry.conflict.standing, about: unit) },
            said.filter { $0.isSide(entry.conflict.proposed, about: unit) }
        )
        guard !standing.isEmpty, !proposed.isEmpty else { return }
        let isContest = proposed.contains { one in
            standing.contains { !one.hasSeen($0, about: unit) || one.isShared }
        }
        if !isContest {
            accuse("I9", "conflict \(entry.id): who proposed had seen what stood", about: id)
        }
    }

    // > [M-04] of two values the one observed later stands; at the same millisecond, the one whose canonical bytes
    // > are greater. [M-05] Earliest and latest: the date that the policy names stands. [M-07] Review: the standing
    // > value stays. [M-08] A field that a department owns keeps the department's value.

    private mutating func judgeWinner(
        of entry: ConflictEntry,
        _ type: RecordType,
        _ standing: Standing
    ) {
        let (conflict, unit) = (entry.conflict, entry.conflict.fields)
        let (one, other) = (conflict.standing, conflict.proposed)
        // > [M-07] Review: the standing value stays and the conflict is open. [C-01] What no person had to decide is
        // > decided by rule.
        let isForPeople = conflict.policy == .review && !conflict.byAuthority
        // A field of a newer program is nobody's to judge.
        guard let policy = type.field(unit[0])?.policy else { return }
        if conflict.policy != policy || isForPeople == (entry.state == .decidedByRule) {
            accuse(
                "M",
                "conflict \(entry.id) of \(unit), \(conflict.policy), is \(entry.state)",
                about: entry.record
            )
        }
        let isRight: Bool
        if conflict.byAuthority {
            let proposer = standing.devices.first { $0.id == other.device }
            isRight = conflict.proposedWon == (proposer?.department == type.field(unit[0])?.owner)
        } else {
            switch conflict.policy {
            case .review: isRight = !conflict.proposedWon
            case .laterObservation where one.time == other.time:
                let isGreater = one.values.bytes.lexicographicallyPrecedes(other.values.bytes)
                isRight = conflict.proposedWon == isGreater
            case .laterObservation: isRight = conflict.proposedWon == (other.time > one.time)
            case .earliest: isRight = conflict.proposedWon == other.isTighter(than: one, unit[0], <)
            case .latest: isRight = conflict.proposedWon == other.isTighter(than: one, unit[0], >)
            case .set, .UNRECOGNIZED: return
            }
        }
        guard !isRight else { return }
        accuse(
            "M",
            "conflict \(entry.id), \(conflict.policy): the \(conflict.proposedWon ? "proposed" : "standing") value won",
            about: entry.record
        )
    }
}

extension Conflict.Side {
    /// Whether who said this is who said something else, under whatever key.
    fileprivate func isSaid(
        by one: Said,
        about unit: [UInt32],
        among said: [Said]
    ) -> Bool {
        device == one.device
            || said.contains {
                $0.device == device && $0.change.observedAt == time
                    && $0.isSameHand(as: one, about: unit)
            }
    }

    /// Whether its date is tighter; no date is looser than any.
    fileprivate func isTighter(
        than other: Conflict.Side,
        _ number: UInt32,
        _ isBefore: (UInt64, UInt64) -> Bool
    ) -> Bool {
        guard values[number] != nil else { return false }
        guard other.values[number] != nil else { return true }
        return isBefore(values.number(of: number), other.values.number(of: number))
    }
}

extension ConflictEntry {
    /// Whether it tells that somebody said something else of a unit than others.
    fileprivate func tells(of one: Said, about unit: [UInt32], among said: [Said]) -> Bool {
        conflict.fields == unit
            && [conflict.standing, conflict.proposed].contains {
                $0.isSaid(by: one, about: unit, among: said)
            }
    }

    /// Whether what somebody said of a unit was not what stood from then on.
    fileprivate func outvoted(_ one: Said, about unit: [UInt32], among said: [Said]) -> Bool {
        conflict.fields == unit && conflict.proposed.isSaid(by: one, about: unit, among: said)
            && !conflict.proposedWon
    }
}

extension Said {
    /// Whether the elements of a set are not as this change, which nobody contested, left them.
    fileprivate func isRefuted(_ now: FieldMap, _ unit: [UInt32]) -> Bool {
        guard let number = unit.first, kind == .applied || kind == .unchanged,
            !change.clears.contains(number)
        else { return false }
        let present = now.elements(of: number)
        return !Set(change.fields.elements(of: number)).isSubset(of: present)
            || !Set(change.removed.elements(of: number)).isDisjoint(with: present)
    }

    /// Whether it may be what one side of a conflict says.
    fileprivate func isSide(_ side: Conflict.Side, about unit: [UInt32]) -> Bool {
        device == side.device && touches(unit)
            && change.fields.keeping(unit) == side.values.keeping(unit)
    }
}
