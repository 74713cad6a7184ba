internal import SyncProtocol

extension Judge {
    // > [X-04] A copy of an earlier epoch that the server does not give again is kept aside, and offered as a
    // > recovered change once every area was read. Of it the server takes what differs from what itself
    // > had at the end of that epoch; it decides no conflict, unless both sides say the same by then. A copy
    // > of the present epoch that the server never had is returned.

    /// What a copy that a device still holds brings back.
    func recovered(
        _ change: Change,
        _ standing: StoredRecord?,
        _ type: RecordType
    ) throws -> [Effect] {
        let isOfLostEpoch = change.base.epoch < epoch
        guard let standing else {
            guard isOfLostEpoch, change.deletion == nil else { throw Refusal.copyUnknown }
            try checkAreas(ofCopy: change, type)
            return try broughtBack(change, over: nil, type)
        }
        try checkAreas(of: standing, for: change, type)
        guard isOfLostEpoch else {
            guard change.base.revision <= standing.state.revision else { throw Refusal.copyUnknown }
            return [nothingNew(standing, change)]
        }
        let known = try state(of: standing, atTheEndOf: change.base.epoch, type)
        // Of a revision that may have been given twice, only the bytes tell.
        let isNewer = try isForked(change.base.epoch) || change.base.revision > known.revision
        guard isNewer, standing.state.redirect == nil else { return [nothingNew(standing, change)] }
        let news = change.beyond(known, as: type)
        guard news.deletion != nil || news.undelete || !news.touched.isEmpty else {
            return [nothingNew(standing, change)]
        }
        return try broughtBack(news, over: standing, type)
    }

    /// What stood in the device's areas names them; a person stands where a registration is, and may
    /// have been captured anywhere.
    private func checkAreas(ofCopy change: Change, _ type: RecordType) throws {
        guard !type.placing.contains(where: { $0.placing == .standsInUntilCarried }) else { return }
        var creation = change
        creation.isRecovered = false
        creation.base = .none
        try checkAreas(of: nil, for: creation, type)
    }

    // MARK: - Epochs of which something was lost while they went on

    private func isForked(_ epoch: Epoch) throws -> Bool {
        try commonUntil(in: epoch) != nil
    }

    /// Until when an earlier epoch is known to have been one; `nil` where it always was.
    ///
    /// Of one that nobody here knows, nothing is.
    private func commonUntil(in earlier: Epoch) throws -> Int64? {
        guard earlier < epoch, earlier != .none else { return nil }
        let known = try transaction.epochs().first { $0.epoch == earlier.rawValue }
        return known.map(\.commonUntil) ?? 0
    }

    // > [X-06] Where the lost epoch had gone on, what was seen of it counts up to what all have in common.

    /// The change with bases that mean here what they meant to its author.
    func onCommonGround(_ change: Change, _ standing: StoredRecord?) throws -> Change {
        guard change.base.epoch < epoch, change.base != .none,
            let until = try commonUntil(in: change.base.epoch)
        else { return change }
        let steps = try standing.map { try transaction.steps(of: $0.state.id) } ?? []
        let common = steps.last { $0.change.receivedAt <= until }
        let limit = common.map { Base(epoch: $0.change.epoch, revision: $0.revision) }
        var change = change
        change.former = nil
        // Nothing at all is below everything, and yet no creation.
        let nothing = Base(epoch: Epoch(rawValue: 1), revision: .none)
        if !change.isRecovered { change.base = min(change.base, limit ?? nothing) }
        change.fieldBases = change.fieldBases.mapValues {
            $0 == .none ? $0 : min($0, limit ?? nothing)
        }
        return change
    }

    private func broughtBack(
        _ change: Change,
        over standing: StoredRecord?,
        _ type: RecordType
    ) throws -> [Effect] {
        var change = change
        if try !isForked(change.base.epoch) {
            change.former = Change.Former(place: change.base)
        } else if standing != nil {
            change.base = Base(epoch: Epoch(rawValue: 1), revision: .none)
        }
        let (followed, followers) = try following(change, type)
        try checkReferences(of: followed, type)
        if standing == nil { try checkOwnFields(of: followed, over: nil, type) }
        var effects = try written(followed, to: standing, type, via: nil)
        effects[0].followers = followers
        effects[0].author = actor.author.offering(change)
        return effects
    }

    private func nothingNew(_ standing: StoredRecord, _ change: Change) -> Effect {
        Effect(
            change: change,
            merged: Merged(record: standing.state, kind: .unchanged, conflicts: []),
            own: standing.own
        )
    }

    /// A record as it was when an epoch ended.
    private func state(
        of standing: StoredRecord,
        atTheEndOf ended: Epoch,
        _ type: RecordType
    ) throws -> RecordState {
        let steps = try transaction.steps(of: standing.state.id)
        guard let last = steps.last(where: { $0.change.epoch <= ended }) else {
            // It was made since: nothing of it was known then.
            return RecordState(
                id: standing.state.id,
                type: type.number,
                revision: .none,
                isDeleted: false,
                fields: FieldMap(),
                stamps: standing.state.stamps
            )
        }
        let walk = HistoryWalk(record: standing.state, steps: steps, names: [:])
        let then = walk.history(type, at: .revision(last.revision)).then
        // Where that was redacted, what stands now has to do.
        return (then ?? standing.state).counted(at: last.revision)
    }
}

extension Change {
    /// As much of a copy as differs from what somebody had.
    fileprivate func beyond(_ known: RecordState, as type: RecordType) -> Change {
        var news = self
        if deletion != nil {
            if known.isDeleted { news.deletion = nil }
            return news
        }
        news.undelete = known.isDeleted
        news.fields = FieldMap()
        news.clears = []
        let numbers = Set(fields.numbers + known.fields.numbers)
        let units = Set(numbers.filter { fields[$0] != known.fields[$0] }.map { type.unit(of: $0) })
        for unit in units.sorted(by: { $0[0] < $1[0] }) {
            if let field = type.field(unit[0]), field.isSet {
                let had = Set(known.fields.elements(of: field.number))
                let has = Set(fields.elements(of: field.number))
                news.fields = news.fields.settingElements(
                    Array(has.subtracting(had)),
                    of: field.number
                )
                news.removed = news.removed.settingElements(
                    Array(had.subtracting(has)),
                    of: field.number
                )
                continue
            }
            for number in unit {
                if let value = fields[number] {
                    news.fields = news.fields.setting(value, of: number)
                } else {
                    news.clears.append(number)
                }
            }
        }
        news.clears.sort()
        return news
    }
}
