/// One merge under way: the record as it becomes, and what was contested so far.
struct Merger {
    let change: Change
    let author: Author
    let type: RecordType
    let before: RecordState
    /// The epoch and revision that a writing by this change makes.
    let next: Base
    var record: RecordState
    var conflicts: [Conflict] = []
    /// Whether a stamp was written, even if no byte changed.
    var wrote = false
    /// Where the change stands among those of an epoch that a restore ended.
    let former: Stamp.Former?

    init(
        change: Change,
        author: Author,
        standing: RecordState,
        type: RecordType,
        epoch: Epoch
    ) {
        self.change = change
        self.author = author.offering(change)
        self.type = type
        before = standing
        next = Base(epoch: epoch, revision: standing.revision.next)
        record = standing
        former = change.formerPlace(in: epoch)
    }

    mutating func merge(_ unit: [UInt32]) {
        if let field = type.field(unit[0]), field.isSet {
            mergeSet(field)
        } else {
            mergeValues(of: unit)
        }
    }

    /// The stamp of a writing by this change.
    ///
    /// The time is the author's own [T-01]: what an author had seen is not known here any more once
    /// somebody else has written, so lifting times here would let the order of arrival decide.
    func stamp(ofOwner byOwner: Bool) -> Stamp {
        var stamp = Stamp(
            device: author.device,
            base: next,
            time: change.isRecovered ? 0 : change.observedAt,
            byOwner: byOwner
        )
        stamp.former = former
        return stamp
    }

    /// Notes that this change was here though it wrote nothing: who has not seen it must not delete
    /// the record under it, and readers have to hear of the conflict.
    mutating func noteContest() {
        record.stamps.note(contest: stamp(ofOwner: false))
        wrote = true
    }

    /// Whether a writing and this change were made by authors of whom neither had seen the other's.
    func isConcurrent(_ last: Stamp, above base: Base) -> Bool {
        (author.isShared || last.device != author.device)
            && (last.isAbove(base) || wasDecided(against: last))
    }

    /// Whether a writing is a copy that says how the lost epoch had decided about this change.
    func isDecision(_ last: Stamp) -> Bool {
        guard let former = change.former, former.wasContested, let other = last.former else {
            return false
        }
        return other.isCopy && other.epoch == former.place.epoch
            && other.seen >= former.place.revision
    }

    /// Whether the lost epoch had decided between a writing and what a copy says: the copy is how.
    func wasDecided(against last: Stamp) -> Bool {
        guard change.isRecovered, let place = change.former?.place, let other = last.former else {
            return false
        }
        return other.wasContested && other.epoch == place.epoch && other.accepted <= place.revision
    }

    // > [X-03] What its later writer had seen is neither contested nor written again.
    //
    // A copy was whole when it was made: what was written after it had already met it.

    /// Whether a writing was made by somebody who had seen this change, before both came back.
    func isSuperseded(by last: Stamp) -> Bool {
        guard let place = change.former?.place, let other = last.former, other.epoch == place.epoch
        else {
            return false
        }
        // > [X-04] It decides no conflict.
        if other.isCopy, change.former?.wasContested == true { return false }
        return other.seen >= place.revision
            || (change.isRecovered && other.accepted > place.revision)
    }

    /// Whether a copy brings what only the owner can have said: what stood there was the owner's, and nobody
    /// has written it since.
    func repeatsOwner(_ last: Stamp?, _ base: Base) -> Bool {
        guard change.isRecovered, let last else { return false }
        return last.byOwner && !isConcurrent(last, above: base)
    }

    func side(of stamp: Stamp, _ values: FieldMap) -> Conflict.Side {
        Conflict.Side(values: values, device: stamp.device, time: stamp.time)
    }

    func mySide(_ values: FieldMap, removed: FieldMap = FieldMap()) -> Conflict.Side {
        Conflict.Side(
            values: values,
            removed: removed,
            device: author.device,
            time: change.observedAt,
            uncertainty: change.uncertainty,
            deletion: change.deletion
        )
    }

    func finish() -> Merged {
        var record = record
        if wrote { record.revision = next.revision }
        let hasNews = record.fields != before.fields || record.isDeleted != before.isDeleted
        let kind: Merged.Kind =
            if conflicts.contains(where: \.isOpen) {
                .conflicted
            } else if !hasNews {
                conflicts.isEmpty ? .unchanged : .merged
            } else if !conflicts.isEmpty
                || before.holdsOthersWork(than: author, above: change.base)
            {
                .merged
            } else {
                .applied
            }
        return Merged(record: record, kind: kind, conflicts: conflicts)
    }
}
