/// What became of a change that was merged.
public struct Merged: Hashable, Sendable {
    /// How it went; `quarantined` is not for the merge to say.
    ///
    /// In the order of how much a person has to hear of it.
    public enum Kind: Int, Hashable, Comparable, Sendable {
        case unchanged, applied, merged, conflicted

        /// Orders by how much a person has to hear of it.
        public static func < (left: Kind, right: Kind) -> Bool { left.rawValue < right.rawValue }
    }

    /// The record afterwards.
    public var record: RecordState
    /// How it went.
    public var kind: Kind
    /// What was contested, and how it was decided.
    public var conflicts: [Conflict]

    /// What became of a change.
    public init(record: RecordState, kind: Kind, conflicts: [Conflict]) {
        self.record = record
        self.kind = kind
        self.conflicts = conflicts
    }
}

/// Lays a change over a record: the pure function on which everything rests.
///
/// `epoch` is the server's own; `isReferredTo` tells whether a live record refers to this one. The change's fields must be canonical for the type. Nothing here
/// knows of storage, transport or a clock, and the same input gives the same result for ever.
public func merge(
    _ change: Change,
    by author: Author,
    into standing: RecordState?,
    of type: RecordType,
    epoch: Epoch,
    isReferredTo: Bool = false
) -> Merged {
    guard let standing else { return creation(change, by: author, of: type, epoch: epoch) }
    var merger = Merger(
        change: change,
        author: author,
        standing: standing,
        type: type,
        epoch: epoch
    )
    if change.deletion != nil {
        merger.delete(isReferredTo: isReferredTo)
    } else {
        merger.reviveIfDeleted()
        // An edit of a record whose deletion its author had seen changes nothing: it has to be
        // undeleted first. One that the deletion's author had seen stands beneath it.
        let isBeneath = merger.record.stamps.deletion.map(merger.isSuperseded(by:)) ?? false
        if !merger.record.isDeleted || isBeneath {
            for unit in units(touchedBy: change, of: type) { merger.merge(unit) }
        }
    }
    return merger.finish()
}

/// Brings a deleted record back because somebody, who knew of no deletion, made a live one refer to it.
///
/// `change` is what refers to it. The record stays until a person has chosen [M-12].
public func revive(
    _ standing: RecordState,
    for change: Change,
    by author: Author,
    of type: RecordType,
    epoch: Epoch
) -> Merged {
    var merger = Merger(
        change: change,
        author: author,
        standing: standing,
        type: type,
        epoch: epoch
    )
    merger.reviveForReference()
    return merger.finish()
}

private func creation(
    _ change: Change,
    by author: Author,
    of type: RecordType,
    epoch: Epoch
) -> Merged {
    precondition(change.deletion == nil, "a record that is not there cannot be deleted")
    let base = Base(epoch: epoch, revision: Revision.none.next)
    var stamp = Stamp(device: author.device, base: base, time: change.observedAt)
    stamp.former = change.formerPlace(in: epoch)
    if change.isRecovered { stamp.time = 0 }
    var stamps = Stamps(first: stamp)
    stamp.byOwner = true
    for number in change.fields.numbers {
        guard let owner = type.field(number)?.owner, owner == author.department else { continue }
        stamps.set(stamp, of: number)
    }
    let record = RecordState(
        id: change.record,
        type: change.type,
        revision: base.revision,
        isDeleted: false,
        fields: change.fields,
        stamps: stamps
    )
    return Merged(record: record, kind: .applied, conflicts: [])
}

extension Change {
    /// Where a change stands among those of an epoch before this one; `nil` where it was made in this one.
    func formerPlace(in epoch: Epoch) -> Stamp.Former? {
        let seen = isRecovered ? base : base(of: touched)
        let place = former?.place.epoch ?? seen.epoch
        guard place != .none, place < epoch else { return nil }
        return Stamp.Former(
            epoch: place,
            accepted: former?.place.revision ?? .none,
            seen: seen.epoch == place ? seen.revision : .none,
            wasContested: former?.wasContested ?? false
        )
    }
}

// > [M-01] The field is the unit of merging; the fields of one group are one unit.
private func units(touchedBy change: Change, of type: RecordType) -> [[UInt32]] {
    var seen: Set<UInt32> = []
    return change.touched.map { type.unit(of: $0) }.filter { seen.insert($0[0]).inserted }
}
