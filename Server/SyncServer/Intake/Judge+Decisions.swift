internal import SyncProtocol

extension Judge {
    // > [C-03] A resolution is a change. It names the conflict and the revision of the record that its
    // > author saw; where somebody else has written to the record since, it is refused.

    /// The change with the values that it chose, where it settles a conflict.
    func settled(
        _ change: Change,
        _ standing: StoredRecord?,
        _ type: RecordType
    ) throws -> Change {
        guard let resolution = change.resolution else { return change }
        guard actor.may(.resolve, under: change.grant) else { throw Refusal.forbidden }
        guard let standing, let entry = try transaction.conflict(resolution.conflict),
            entry.record == change.record, isSeen(entry, by: change)
        else { throw Refusal.conflictUnknown }
        guard entry.isOpen else { throw Refusal.conflictClosed }
        guard !standing.state.holdsOthersWork(than: actor.author, above: change.base) else {
            throw Refusal.conflictOutdated
        }
        let settled = change.settling(entry, over: standing.state.fields, of: type)
        if resolution.choice == .other {
            guard change.deletion == nil else { throw Refusal.contradictory }
            let unit = Set(entry.conflict.fields.flatMap { type.unit(of: $0) })
            guard !unit.isDisjoint(with: change.touched) else { throw Refusal.valueMissing }
        }
        // What a device says that it chose is what it must get.
        let isBare = change.touched.isEmpty && change.deletion == nil
        guard isBare || change.says(what: settled) else { throw Refusal.conflictOutdated }
        if settled.deletion != nil, try records.isReferredTo(change.record) {
            throw Refusal.referredTo
        }
        return settled
    }

    /// Whether a conflict is the one that a change names: after a restore, numbers are given anew.
    private func isSeen(_ entry: ConflictEntry, by change: Change) -> Bool {
        entry.base.epoch <= change.base.epoch
    }

    // MARK: - References

    // > [R-02] What refers to the redirected record follows. A change that still arrives for it is applied
    // > to it and to the one it points to.

    /// The change with its references following redirects, and which did.
    func following(_ change: Change, _ type: RecordType) throws -> (Change, [Reference]) {
        var change = change
        var followers: [Reference] = []
        for field in type.placing where field.format == .reference {
            guard let former = change.fields.reference(field.number),
                let target = try target(of: former), target != former
            else { continue }
            change.fields = change.fields.setting(bytes: target.bytes, of: field.number)
            followers.append(
                Reference(target: former, source: change.record, field: field.number)
            )
        }
        return (change, followers)
    }

    // > [M-12] A record that a live one refers to counts as edited.

    /// The deleted records to which a change made a live one refer: they are there again, and somebody
    /// has to choose.
    func revived(
        by effect: Effect,
        over standing: StoredRecord?,
        _ type: RecordType
    ) throws -> [Effect] {
        let record = effect.merged.record
        guard record.isLive else { return [] }
        let wasLive = standing?.state.isLive ?? false
        var revived: Set<RecordID> = []
        return try type.placing.filter { $0.format == .reference }.compactMap { field in
            guard let id = record.fields.reference(field.number),
                !wasLive || effect.change.fields.reference(field.number) == id,
                let target = try records.record(id), target.state.isDeleted,
                let targetType = schema.type(target.state.type), revived.insert(id).inserted
            else { return nil }
            guard !target.state.isErased else {
                throw Refusal.referenceUnknown(field: field.number)
            }
            let merged = revive(
                target.state,
                for: effect.change,
                by: actor.author,
                of: targetType,
                epoch: epoch
            )
            let own = target.own?.existing(like: merged.record)
            return Effect(change: effect.change, merged: merged, own: own, via: record.id)
        }
    }
}

extension Change {
    /// Whether a resolution, as its device carries it out, says what the server makes of it.
    fileprivate func says(what settled: Change) -> Bool {
        fields == settled.fields && Set(clears) == Set(settled.clears)
            && (deletion == nil) == (settled.deletion == nil)
    }
}
