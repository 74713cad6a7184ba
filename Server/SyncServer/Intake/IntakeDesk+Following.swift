internal import SyncProtocol

/// References that follow a redirect, and return when it is taken back.
extension IntakeDesk {
    // > [R-02] What refers to the redirected record follows.
    func followRedirect(of effect: Effect, _ before: StoredRecord?) throws {
        let id = effect.merged.record.id
        let principal = effect.change.principal
        if effect.change.redirect != nil, let target = try judge.target(of: id) {
            for (source, field) in try records.referrers(of: id) {
                let follower = Reference(target: id, source: source.state.id, field: field.number)
                try transaction.note(follower: follower)
                try point(source, field, to: target, principal)
            }
        }
        // What comes back refers to where the others point by now.
        if let before, !before.state.isLive, effect.merged.record.isLive {
            try catchUp(id, principal)
        }
    }

    // > [R-04] A split takes a redirect back, and what followed returns.
    //
    // What refers elsewhere by now was corrected meanwhile.
    func returnFollowers(
        of id: RecordID,
        from formerTarget: RecordID,
        _ principal: Change.Principal?
    ) throws {
        for follower in try transaction.followers(of: id) {
            guard let source = try records.record(follower.source),
                let field = judge.schema.type(source.state.type)?.field(follower.field),
                source.state.fields.reference(field.number) == formerTarget
            else { continue }
            try point(source, field, to: id, principal)
        }
        try transaction.forgetFollowers(of: id)
    }

    private func catchUp(_ id: RecordID, _ principal: Change.Principal?) throws {
        guard let state = try records.record(id)?.state, let type = judge.schema.type(state.type)
        else { return }
        for field in type.placing where field.format == .reference {
            guard let record = try records.record(id),
                let former = record.state.fields.reference(field.number),
                let target = try judge.target(of: former), target != former
            else { continue }
            try transaction.note(
                follower: Reference(target: former, source: id, field: field.number)
            )
            try point(record, field, to: target, principal)
        }
    }

    /// Makes a reference point elsewhere, by a change of the server's own device.
    private func point(
        _ source: StoredRecord,
        _ field: RecordField,
        to target: RecordID,
        _ principal: Change.Principal?
    ) throws {
        guard let type = judge.schema.type(source.state.type) else { return }
        var change = Change(
            record: source.state.id,
            type: type.number,
            base: Base(epoch: judge.epoch, revision: source.state.revision),
            observedAt: max(now, source.state.stamps.clock + 1)
        )
        let unit = source.state.fields.keeping(type.unit(of: field.number))
        change.fields = unit.setting(bytes: target.bytes, of: field.number)
        change.principal =
            principal
            ?? Change.Principal(device: judge.actor.author.device, name: judge.actor.author.name)
        let arrival = try hand.arrival(of: change)
        let author = try hand.author
        let merged = merge(change, by: author, into: source.state, of: type, epoch: judge.epoch)
        let effect = Effect(
            change: change,
            merged: merged,
            own: source.own,
            author: author,
            isFollowing: true
        )
        _ = try carryOut([effect], arrival)
    }
}
