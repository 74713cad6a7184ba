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

    init(
        change: Change,
        author: Author,
        standing: RecordState,
        type: RecordType,
        epoch: Epoch
    ) {
        self.change = change
        self.author = author
        self.type = type
        before = standing
        next = Base(epoch: epoch, revision: standing.revision.next)
        record = standing
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
        Stamp(device: author.device, base: next, time: change.observedAt, byOwner: byOwner)
    }

    /// Notes that this change was here though it wrote nothing: who has not seen it must not delete
    /// the record under it, and readers have to hear of the conflict.
    mutating func noteContest() {
        record.stamps.note(contest: stamp(ofOwner: false))
        wrote = true
    }

    /// Whether a writing and this change were made by authors of whom neither had seen the other's.
    func isConcurrent(_ last: Stamp, above base: Base) -> Bool {
        (author.isShared || last.device != author.device) && last.base > base
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
