extension RecordState {
    /// The record pointing to another one, or to none.
    public func pointing(to target: RecordID?) -> RecordState {
        var state = self
        state.redirect = target
        state.revision = revision.next
        return state
    }

    /// The record as far as it is there, like another one: deleted where that is, live where that is.
    public func existing(like other: RecordState) -> RecordState {
        var state = self
        state.isDeleted = other.isDeleted
        state.isErased = other.isErased
        state.stamps.deletion = other.stamps.deletion
        return state
    }

    /// The record counted as being at a revision: what is written to it next is one above.
    public func counted(at revision: Revision) -> RecordState {
        var state = self
        state.revision = revision
        return state
    }

    /// What is left of a record that was redacted by law.
    ///
    /// > [E-01] An erasure redacts what the server holds of a record. Ids, numbers, hashes, the fact and its
    /// > reason stay.
    public func erased(by device: DeviceID, at time: Int64, epoch: Epoch) -> RecordState {
        let base = Base(epoch: epoch, revision: revision.next)
        let stamp = Stamp(device: device, base: base, time: time)
        var stamps = Stamps(first: stamp)
        stamps.deletion = stamp
        return RecordState(
            id: id,
            type: type,
            revision: base.revision,
            isDeleted: true,
            fields: FieldMap(),
            stamps: stamps,
            isErased: true
        )
    }
}
