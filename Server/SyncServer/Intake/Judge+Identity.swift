internal import SyncProtocol

/// One thing under two ids.
extension Judge {
    /// The record to which one points in the end; itself where it points to none.
    func target(of id: RecordID) throws -> RecordID? {
        var id = id
        while let next = try records.record(id)?.state.redirect { id = next }
        return id
    }

    /// What a change of a record does to the one that it points to.
    func passedOn(
        _ change: Change,
        from source: StoredRecord,
        _ type: RecordType,
        origin: RecordID?
    ) throws -> [Effect] {
        guard let id = source.state.redirect, let target = try records.record(id),
            !target.state.isErased
        else { return [] }
        let passed = change.redirected(
            from: source.state,
            to: target.state,
            of: type,
            epoch: epoch
        )
        let isWhole = change.isCreation || change.deletion != nil
        guard !passed.touched.isEmpty || isWhole else { return [] }
        var effects = try written(passed, to: target, type, via: origin ?? source.state.id)
        if change.isCreation, !effects.isEmpty {
            // > [R-03] A creation at the id of a redirected record opens a conflict.
            effects[0].merged.noteRedirected(change, by: actor.author.device, of: type)
        }
        return effects
    }

    /// What was made on a record itself, after one more change, and what that contested there; `nil` where
    /// no other points to the record.
    ///
    /// Whether it is there at all is one question for both: `merged` is what the change made of it.
    func own(
        of standing: StoredRecord,
        after change: Change,
        as merged: RecordState,
        _ type: RecordType
    ) -> (record: RecordState, conflicts: [Conflict])? {
        guard let own = standing.own else { return nil }
        var made = own.existing(like: standing.state).counted(at: standing.state.revision)
        var conflicts: [Conflict] = []
        if change.deletion == nil {
            let result = merge(change, by: actor.author, into: made, of: type, epoch: epoch)
            made = result.record
            conflicts = result.conflicts.filter { $0.kind == .field }
        }
        let revision = max(made.revision, merged.revision)
        return (made.existing(like: merged).counted(at: revision), conflicts)
    }

    /// A change of a record knowing what its author had seen of those that the author found to be this
    /// one.
    func knowing(
        _ change: Change,
        _ standing: StoredRecord?,
        _ type: RecordType
    ) throws -> Change {
        guard let standing, standing.own != nil, !actor.isServer else { return change }
        return try records.sources(of: change.record).reduce(change) { change, source in
            let finding = try finding(of: source.state.id)
            guard finding.device == actor.author.device else { return change }
            return change.knowing(source.state, finding, in: standing.state, of: type)
        }
    }

    /// Who found that a record is another one, and what they had seen of it.
    private func finding(of source: RecordID) throws -> Finding {
        let found = try transaction.steps(of: source).reversed().lazy.compactMap { step in
            (try? Change(payload: step.change.payload, epoch: step.change.epoch))
                .flatMap { $0.redirect == nil ? nil : (self.owner(of: step.change), $0.base) }
        }.first
        guard let (device, base) = found else {
            return Finding(by: Author(device: server, name: "", isShared: true), .none)
        }
        return Finding(by: Author(device: device, name: "", isShared: device == server), base)
    }

    /// The record pointing to another one, and that one with what this one says.
    func pointed(
        _ standing: StoredRecord,
        by change: Change,
        _ type: RecordType
    ) throws -> [Effect] {
        // > [R-05] A redirect to an unknown, a deleted or an other type's record, or in a circle, is
        // > refused.
        guard standing.state.redirect == nil else { throw Refusal.redirected }
        try checkHasSeenRedirects(of: standing, change)
        guard !standing.state.isDeleted else { throw Refusal.deleted }
        guard let named = change.redirect, let id = try target(of: named),
            let target = try records.record(id), target.state.type == type.number,
            !target.state.isDeleted
        else {
            let waits = try change.redirect.map { try isReturned($0) } ?? false
            throw waits ? Refusal.waits : Refusal.targetUnknown
        }
        guard id != standing.state.id else { throw Refusal.circular }
        if let granted = try areas(under: change.grant), !id.isDerived,
            try !isHeld(target, under: granted)
        {
            throw Refusal.outside
        }
        let combined = combine(
            standing.state,
            into: target.state,
            of: type,
            epoch: epoch,
            found: Finding(by: actor.author, change.base)
        )
        let own = (target.own ?? target.state).counted(at: combined.record.revision)
        let source = standing.state.pointing(to: id)
        var kind: Merged.Kind = .applied
        if combined.kind == .conflicted { kind = .conflicted }
        return [
            Effect(
                change: change,
                merged: Merged(record: source, kind: kind, conflicts: []),
                own: standing.own
            ),
            Effect(change: change, merged: combined, own: own, via: standing.state.id),
        ]
    }

    /// Throws where somebody else has said which record this is, or that it is itself, since its author
    /// looked.
    private func checkHasSeenRedirects(of standing: StoredRecord, _ change: Change) throws {
        let last = try transaction.steps(of: standing.state.id).last { step in
            let made = try? Change(payload: step.change.payload, epoch: step.change.epoch)
            return made.map { ($0.redirect != nil || $0.split) && $0.record == standing.state.id }
                ?? false
        }
        guard let last else { return }
        let isOwn = owner(of: last.change) == actor.author.device && !actor.author.isShared
        let made = Base(epoch: last.change.epoch, revision: last.revision)
        guard isOwn || made <= change.base else { throw Refusal.redirectOutdated }
    }

    /// The device as whose a change counts.
    private func owner(of change: StoredChange) -> DeviceID {
        records.heritage?.owner(of: change) ?? change.device
    }

    private func isReturned(_ id: RecordID) throws -> Bool {
        try !transaction.quarantinedCreations(among: [id]).isEmpty
    }

    // > [R-04] A split takes a redirect back: each side is what was made on it, as if they had never met.

    /// The record pointing to none, and those it pointed to without it.
    func parted(
        _ standing: StoredRecord,
        by change: Change,
        _ type: RecordType
    ) throws -> [Effect] {
        guard let former = standing.state.redirect else { throw Refusal.notRedirected }
        if change.split { try checkHasSeenRedirects(of: standing, change) }
        let alone = standing.state.pointing(to: nil)
        var effects = [
            Effect(
                change: change,
                merged: Merged(record: alone, kind: .applied, conflicts: []),
                own: standing.own
            )
        ]
        var changed = alone
        var next: RecordID? = former
        while let id = next, let target = try records.record(id), let own = target.own {
            let rest = try sources(of: id, with: changed)
            var state = own.existing(like: target.state).counted(at: target.state.revision)
            for source in rest {
                state = combine(
                    source,
                    into: state,
                    of: type,
                    epoch: epoch,
                    found: try finding(of: source.id)
                ).record.counted(at: target.state.revision)
            }
            state = state.pointing(to: target.state.redirect)
            effects.append(
                Effect(
                    change: change,
                    merged: Merged(record: state, kind: .applied, conflicts: []),
                    own: rest.isEmpty ? nil : own.counted(at: state.revision),
                    via: standing.state.id,
                    parts: standing.state.id
                )
            )
            changed = state
            next = target.state.redirect
        }
        return effects
    }

    /// What a resolution does that finds the record behind a redirect to be another thing after all
    /// `nil` of any other change.
    func toldApart(
        _ change: Change,
        _ standing: StoredRecord,
        _ type: RecordType
    ) throws -> [Effect]? {
        guard let resolution = change.resolution, resolution.choice == .proposed,
            let entry = try transaction.conflict(resolution.conflict),
            entry.conflict.kind == .redirect, let via = entry.via,
            let source = try records.record(via), source.state.redirect == standing.state.id
        else { return nil }
        var effects = try parted(source, by: change, type)
        guard let index = effects.firstIndex(where: { $0.merged.record.id == change.record }) else {
            return nil
        }
        // The change's own record comes first; the one that it sets free was reached through it.
        var own = effects.remove(at: index)
        own.via = nil
        effects[0].via = change.record
        return [own] + effects
    }

    /// The records that point to one, in the order of their ids, one of them as it has just become.
    private func sources(of id: RecordID, with changed: RecordState) throws -> [RecordState] {
        try records.sources(of: id).map { $0.state.id == changed.id ? changed : $0.state }
            .filter { $0.redirect == id }
    }
}
