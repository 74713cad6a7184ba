extension Merger {
    // > [M-12] A deletion never silently beats a concurrent edit, nor the reverse: the record stays,
    // > and the conflict is open.

    /// Deletes the record, unless somebody else wrote to it meanwhile or a live record needs it.
    mutating func delete(isReferredTo: Bool) {
        guard !record.isDeleted else { return }
        let unseen = record.stamps.all.filter { isConcurrent($0, above: change.base) }
            .max { $0.base < $1.base }
        if let other = unseen ?? (isReferredTo ? record.stamps.first : nil) {
            openExistence(standing: side(of: other, record.fields), mySide(FieldMap()))
            return noteContest()
        }
        record.isDeleted = true
        record.stamps.deletion = stamp(ofOwner: false)
        wrote = true
    }

    /// An edit of a deleted record brings it back: openly where neither had seen the other.
    mutating func reviveIfDeleted() {
        guard let deletion = record.stamps.deletion, !isSuperseded(by: deletion) else { return }
        let isUnseen = isConcurrent(deletion, above: change.base)
        guard isUnseen || change.undelete || change.base == .none else { return }
        record.isDeleted = false
        record.isErased = false
        record.stamps.deletion = nil
        wrote = true
        if isUnseen {
            openExistence(standing: side(of: deletion, FieldMap()), mySide(change.fields))
        }
    }

    // > [M-12] A record that a live one refers to counts as edited.

    /// Brings a deleted record back because a live one came to refer to it, and asks.
    mutating func reviveForReference() {
        guard let deletion = record.stamps.deletion else { return }
        record.isDeleted = false
        record.stamps.deletion = nil
        openExistence(standing: side(of: deletion, FieldMap()), mySide(record.fields))
        noteContest()
    }

    /// Opens the question whether the record is there at all.
    private mutating func openExistence(standing: Conflict.Side, _ mine: Conflict.Side) {
        conflicts.append(
            Conflict(
                kind: .existence,
                fields: [],
                policy: .review,
                isOpen: true,
                standing: standing,
                proposed: mine,
                proposedWon: false
            )
        )
    }
}
