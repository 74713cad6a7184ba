internal import SyncProtocol

/// One change as it came.
struct Arrival {
    let device: DeviceID
    let sequence: SequenceNumber
    let payload: [UInt8]
    let hash: [UInt8]
    /// What the payload says; `nil` where it does not parse.
    let change: Change?
    /// What could be said of it before the transaction; `nil` where nothing was.
    var examined: Examined?
    /// Whether it names an older grant than a change before it.
    var hasOldGrant = false

    /// The record concerned, as far as the payload tells.
    var record: RecordID? { change?.record ?? Change.record(of: payload) }
}

/// Takes changes one by one within a transaction: carries the verdicts out and writes the history.
struct IntakeDesk {
    let judge: Judge
    let hand: ServerHand
    let now: Int64

    var records: WorkingSet { judge.records }
    var transaction: any StoreTransaction { judge.transaction }

    // > [Q-06] Every change of a batch gets an outcome; none keeps another from being dealt with.

    /// What becomes of a change, done and written down.
    func take(_ arrival: Arrival) throws -> Outcome {
        let verdict = try verdict(on: arrival)
        switch verdict {
        case .quarantine(let refusal):
            return try quarantine(arrival, refusal)
        case .accept(let effects):
            return try accept(effects, arrival)
        }
    }

    private func verdict(on arrival: Arrival) throws -> Verdict {
        // > [E-02] A later edit of an erased record is refused and not kept.
        if arrival.change?.isCreation != true, let id = arrival.record,
            try records.record(id)?.state.isErased == true
        {
            return .quarantine(.erased)
        }
        guard let change = arrival.change else { return .quarantine(.malformed) }
        guard arrival.payload.count <= judge.limits.changeBytes else {
            return .quarantine(.tooLarge)
        }
        guard !arrival.hasOldGrant else { return .quarantine(.grantOutdated) }
        return try judge.verdict(on: change, arrival.examined)
    }

    /// What becomes of an accepted change, done and written down, with all that follows from it.
    func accept(_ effects: [Effect], _ arrival: Arrival) throws -> Outcome {
        let id = effects[0].merged.record.id
        let before = try records.record(id)
        let parted = effects.lazy.compactMap(\.parts).first
        let formerTarget = try parted.flatMap(judge.target)
        let outcome = try carryOut(effects, arrival)
        try followRedirect(of: effects[0], before)
        if let parted, let formerTarget {
            try returnFollowers(of: parted, from: formerTarget, effects[0].change.principal)
        }
        return outcome
    }

    /// Keeps a record that was redacted by law, and the fact.
    func keepErased(
        _ state: RecordState,
        _ change: Change,
        _ outcome: Outcome,
        of old: StoredRecord
    ) throws {
        records.set(StoredRecord(state: state, placements: old.placements, openConflicts: 0))
        let arrival = try hand.arrival(of: change)
        var outcome = outcome
        outcome.sequence = arrival.sequence
        // Nothing of what was before may be known.
        var stored = stored(arrival, outcome)
        stored.undo = Undo.forgotten
        try transaction.append(stored, effects: [])
    }

    /// Puts everything that changed where it stands, and keeps the server's own device.
    func finish() throws {
        try Placing(records: records, schema: judge.schema, now: now).run(in: transaction)
        try hand.finish()
    }

    private func quarantine(_ arrival: Arrival, _ refusal: Refusal) throws -> Outcome {
        var outcome = Outcome(sequence: arrival.sequence, kind: .quarantined)
        outcome.code = refusal.code
        outcome.field = refusal.field
        outcome.message = refusal.message
        // > [E-02] A later edit of an erased record is refused and not kept.
        let isKept = refusal.code != Refusal.erased.code
        var stored = stored(arrival, outcome)
        if !isKept {
            stored.payload = arrival.change.map(\.redacted.payload) ?? []
            stored.isRedacted = true
        }
        let number = try transaction.append(stored, effects: [])
        if !isKept {
            let settlement = Settlement(.discarded, by: "", reason: refusal.message, at: now)
            try transaction.settle(number, by: settlement)
        }
        return outcome
    }

    private func stored(_ arrival: Arrival, _ outcome: Outcome) -> StoredChange {
        StoredChange(
            device: arrival.device,
            sequence: arrival.sequence,
            record: arrival.record,
            payload: arrival.payload,
            hash: arrival.hash,
            outcome: outcome,
            receivedAt: now,
            epoch: judge.epoch
        )
    }

    func carryOut(_ effects: [Effect], _ arrival: Arrival) throws -> Outcome {
        var undos: [[UInt8]] = []
        var kind = Merged.Kind.unchanged
        for effect in effects {
            let id = effect.merged.record.id
            let old = try records.record(id)
            // > [H-01] Every accepted change of a record is in its history: each field that it changed,
            // > before and after.
            let hasWritten = old?.state.revision != effect.merged.record.revision
            undos.append(
                hasWritten ? Undo(from: old?.state, to: effect.merged.record).encoded : []
            )
            // > [Q-03] Splitting or repeating a batch changes nothing: what it had moved before stands there.
            if let old, old.state.isLive, !effect.merged.record.isLive {
                let standing = Standing(records: records, schema: judge.schema)
                records.end(id, in: try standing.areas(of: old))
            }
            records.set(
                StoredRecord(
                    state: effect.merged.record,
                    placements: old?.placements ?? [],
                    openConflicts: try keepConflicts(
                        of: effect,
                        openBefore: old?.openConflicts ?? 0
                    ),
                    own: effect.own
                )
            )
            kind = max(kind, effect.merged.kind)
            for follower in effect.followers { try note(follower, of: effect.merged.record) }
        }
        if let change = arrival.change {
            let isUndecided =
                change.isUndecided(Outcome.Kind(kind))
                || (change.deletion != nil && !effects[0].merged.record.isDeleted)
            try settleMended(by: change, arrival, isUndecided: isUndecided)
        }
        let outcome = Outcome(
            sequence: arrival.sequence,
            kind: Outcome.Kind(kind),
            revision: effects[0].merged.record.revision
        )
        var stored = stored(arrival, outcome)
        stored.undo = undos[0]
        let others = zip(effects, undos).dropFirst().compactMap { effect, undo in
            effect.via.map { via in
                StoredEffect(
                    record: effect.merged.record.id,
                    revision: effect.merged.record.revision,
                    undo: undo,
                    via: via
                )
            }
        }
        try transaction.append(stored, effects: others)
        return outcome
    }

    /// Notes that a reference followed a redirect, where it stands.
    private func note(_ follower: Reference, of record: RecordState) throws {
        let target = try judge.target(of: follower.target)
        guard record.fields.reference(follower.field) == target else { return }
        try transaction.note(follower: follower)
    }

    /// Keeps what came up, and what became of what was open; returns how many are open now.
    private func keepConflicts(of effect: Effect, openBefore: Int) throws -> Int {
        // A reference that follows a redirect says the same as before: nothing was decided.
        guard !effect.isFollowing else { return openBefore }
        guard openBefore > 0 || !effect.merged.conflicts.isEmpty,
            let type = judge.schema.type(effect.merged.record.type)
        else { return openBefore }
        let id = effect.merged.record.id
        let kept = openBefore > 0 ? try transaction.conflicts(of: id, openOnly: true) : []
        let open = try records.heritage.map { try kept.map($0.asOwn) } ?? kept
        let moves = effect.merged.moves(
            of: open,
            after: effect.change,
            by: effect.author ?? judge.actor.author,
            of: type,
            epoch: judge.epoch,
            via: effect.via
        )
        let keeper = ConflictKeeper(desk: self, effect: effect, type: type)
        return try keeper.keep(moves, of: open)
    }
}

extension Outcome.Kind {
    init(_ kind: Merged.Kind) {
        self =
            switch kind {
            case .applied: .applied
            case .merged: .merged
            case .conflicted: .conflicted
            case .unchanged: .unchanged
            }
    }
}
