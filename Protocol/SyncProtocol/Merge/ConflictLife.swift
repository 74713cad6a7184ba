/// What a merged change does to the conflicts of its record.
public struct ConflictMoves: Hashable, Sendable {
    /// Conflicts that came up, open or decided by a rule.
    public var new: [Conflict] = []
    /// Open conflicts that stay open but say something else now.
    public var updated: [ConflictEntry] = []
    /// Open conflicts that ended; their closing is for the caller to fill in.
    public var closed: [ConflictEntry] = []
}

extension Merged {
    /// What becomes of the conflicts that were open on the record before a change was merged.
    ///
    /// `open` are all of the record's open conflicts; `change` and `author` are what was merged, and
    /// `via` the record on which the change was made, where that was another one.
    public func moves(
        of open: [ConflictEntry],
        after change: Change,
        by author: Author,
        of type: RecordType,
        epoch: Epoch,
        via: RecordID? = nil
    ) -> ConflictMoves {
        let now = Base(epoch: epoch, revision: record.revision)
        var moves = ConflictMoves()
        moves.new = conflicts
        for entry in open {
            let again = moves.new.firstIndex {
                entry.isContinued(by: $0, of: author, via: via)
            }
            if let again {
                // > [C-02] A record has one open conflict for each unit and proposing device: further
                // > changes of that device extend it, and its standing side is what stands.
                var entry = entry
                entry.conflict = moves.new.remove(at: again)
                entry.base = now
                moves.updated.append(entry)
                continue
            }
            let known = moves.new.firstIndex {
                change.isFromBefore && entry.isSaidAgain(by: $0, via: via)
            }
            if let known {
                // Who proposed first goes on doing so: somebody else's next word is none of that one's.
                var entry = entry
                entry.conflict.say(again: moves.new.remove(at: known))
                entry.base = now
                moves.updated.append(entry)
                continue
            }
            switch fate(of: entry, after: change, by: author, type, now) {
            case .stays: break
            case .standsElsewise(let side):
                var entry = entry
                entry.conflict.standing = side
                entry.base = now
                moves.updated.append(entry)
            case .ends(let state):
                var entry = entry
                entry.state = state
                entry.conflict.isOpen = false
                moves.closed.append(entry)
            }
        }
        return moves
    }

    private enum Fate {
        case stays
        case standsElsewise(Conflict.Side)
        case ends(ConflictEntry.State)
    }

    private func fate(
        of entry: ConflictEntry,
        after change: Change,
        by author: Author,
        _ type: RecordType,
        _ now: Base
    ) -> Fate {
        if change.resolution?.conflict == entry.id { return .ends(.resolved) }
        // > [C-04] A later change to the unit by somebody who had seen both sides, one that says what
        // > was proposed, and a deletion that stands, supersede the conflict.
        if change.deletion != nil, record.isDeleted { return .ends(.superseded) }
        let unit = entry.conflict.fields
        guard !unit.isEmpty, let last = record.stamps.last(of: unit, in: record.fields),
            last.device == author.device, last.base == now
        else { return .stays }
        // > [X-04] It decides no conflict, unless both sides say the same by then.
        let side = Conflict.Side(
            values: record.fields.keeping(unit),
            device: author.device,
            time: change.observedAt,
            uncertainty: change.uncertainty
        )
        if change.isRecovered {
            let isSame = side.values == entry.conflict.proposed.values.keeping(unit)
            return isSame ? .ends(.superseded) : .standsElsewise(side)
        }
        // An act on one record has seen nothing of another that it reaches.
        let hasSeenBoth = !change.isAct && change.base(of: unit) >= entry.base
        // Whoever proposed and now says what stands has taken the proposal back.
        let isTakenBack = !author.isShared && author.device == entry.conflict.proposed.device
        if hasSeenBoth || isTakenBack || side.values == entry.conflict.proposed.values.keeping(unit)
        {
            return .ends(.superseded)
        }
        return .standsElsewise(side)
    }
}

extension Conflict {
    /// Takes from a conflict of the same two values which of them stands by now, and who wrote it.
    fileprivate mutating func say(again other: Conflict) {
        guard standing.values != other.standing.values else { return }
        (standing, proposed) = (other.standing, standing)
        proposedWon = other.proposedWon
    }
}

extension Change {
    /// Whether it comes back after a restore.
    fileprivate var isFromBefore: Bool { former != nil || isRecovered }
}

extension ConflictEntry {
    /// Whether a conflict that comes back after a restore is on file already: from a copy, or the other way
    /// round.
    fileprivate func isSaidAgain(by other: Conflict, via: RecordID?) -> Bool {
        let mine = [conflict.standing.values, conflict.proposed.values]
        return other.isOpen && other.kind == conflict.kind && other.fields == conflict.fields
            && self.via == via && !conflict.fields.isEmpty
            && Set(mine) == [other.standing.values, other.proposed.values]
    }

    /// Whether a conflict is this one again: the same device proposes for the same unit, on the same
    /// record.
    ///
    /// By the server's own device many people propose: each for themselves.
    fileprivate func isContinued(
        by other: Conflict,
        of author: Author,
        via: RecordID?
    ) -> Bool {
        let isShared = author.isShared && other.proposed.device == author.device
        return other.isOpen && other.kind == conflict.kind && other.fields == conflict.fields
            && other.proposed.device == conflict.proposed.device && self.via == via && !isShared
    }
}

extension Change {
    /// The change that carries out a choice between the two sides of a conflict.
    ///
    /// > [C-03] A resolution is a change. It takes the standing value, the proposed one or a third.
    ///
    /// A third value is what the change says already. `standing` is what the record says now.
    public func settling(
        _ entry: ConflictEntry,
        over standing: FieldMap,
        of type: RecordType
    ) -> Change {
        guard let choice = resolution?.choice, choice != .other else { return self }
        var change = self
        switch entry.conflict.kind {
        case .existence:
            // One side deletes and the other keeps: the one that says something of the record, or
            // names no reason to delete it, keeps it.
            change.deletion = entry.deletes(choice) ? entry.reasonToDelete : nil
            change.fields = FieldMap()
            change.removed = FieldMap()
            change.clears = []
        case .redirect: change.deletion = nil
        case .field, .invalid:
            change.deletion = nil
            let values = entry.values(of: choice, over: standing)
            let unit = Set(entry.conflict.fields.flatMap { type.unit(of: $0) }).sorted()
            change.fields = values.keeping(unit)
            change.removed = FieldMap()
            change.clears = unit.filter { values[$0] == nil && type.field($0)?.isSet != true }
        }
        return change
    }
}

extension ConflictEntry {
    /// What a choice makes the fields concerned say.
    ///
    /// Where the record broke a rule, the standing side is what it said before; elsewhere it is what
    /// stands now.
    fileprivate func values(
        of choice: Change.Resolution.Choice,
        over standing: FieldMap
    ) -> FieldMap {
        if choice == .proposed { return conflict.proposed.values }
        return conflict.kind == .invalid ? conflict.standing.values : standing
    }

    /// Whether a choice, in a conflict about existence, deletes the record.
    ///
    /// The proposed side of such a conflict deletes where it carries a reason; otherwise the standing
    /// one had deleted it.
    public func deletes(_ choice: Change.Resolution.Choice) -> Bool {
        guard conflict.kind == .existence else { return false }
        let proposedDeletes = conflict.proposed.deletion != nil
        return (choice == .proposed) == proposedDeletes && choice != .other
    }

    /// Why the record was to be deleted.
    var reasonToDelete: Change.Deletion {
        conflict.proposed.deletion ?? conflict.standing.deletion
            ?? Change.Deletion(reason: 99, text: "冲突裁决 settled conflict")
    }
}
