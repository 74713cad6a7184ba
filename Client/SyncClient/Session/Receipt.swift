internal import SyncProtocol

/// Takes the server's answer into the local store, within one transaction.
///
/// > [F-04] A page is bounded in bytes and is applied, with its bookmark and the outcomes, in one
/// > local transaction.
struct Receipt {
    let transaction: any LocalTransaction
    let desk: Desk
    let response: SyncResponse
    let schema = Schema.current

    /// The records whose visible state may have changed.
    func take(into profile: inout DeviceProfile) throws -> Set<RecordID> {
        let answered = try answers()
        var touched = answered
        if response.epoch != profile.epoch {
            // > [F-07] A bookmark of another epoch starts again at 0.
            if profile.epoch != .none { try transaction.forgetBookmarks() }
            profile.epoch = response.epoch
        }
        if let grant = response.grant {
            profile.grant = grant
            touched.formUnion(try leaveAreas(outside: grant))
        }
        var arrived: Set<RecordID> = []
        for page in response.pages { arrived.formUnion(try take(page)) }
        for id in answered.subtracting(arrived) { try lay(id) }
        return touched.union(arrived)
    }

    private func answers() throws -> Set<RecordID> {
        var touched: Set<RecordID> = []
        let waiting = try transaction.unanswered(limit: response.outcomes.count)
        let records = Dictionary(uniqueKeysWithValues: waiting.map { ($0.sequence, $0.record) })
        for outcome in response.outcomes {
            guard let id = records[outcome.sequence] else { continue }
            try transaction.answer(outcome)
            if let held = try transaction.record(id) {
                // > [D-02] An answered change stays laid over its record until the record arrives
                // > at the revision of its outcome.
                try transaction.settle(id, at: held.acknowledged?.base.revision ?? .none)
            }
            touched.insert(id)
        }
        return touched
    }

    private func take(_ page: AreaPage) throws -> Set<RecordID> {
        var touched: Set<RecordID> = []
        for copy in page.records where try take(copy, in: page.area) {
            touched.insert(copy.id)
        }
        for id in page.departures {
            try leave(id, page.area)
            touched.insert(id)
        }
        try transaction.save(
            Bookmark(area: page.area, position: page.position, floor: page.floor)
        )
        return touched
    }

    private func take(_ copy: RecordCopy, in area: AreaCode) throws -> Bool {
        guard let type = schema.type(copy.type), let fields = try? FieldMap(copy.message) else {
            // A record of a newer type: this device cannot show it and does not need it.
            return false
        }
        var record = try transaction.record(copy.id) ?? LocalRecord(id: copy.id, type: copy.type)
        if record.areas.insert(area).inserted { try transaction.place(copy.id, in: area) }
        let base = Base(epoch: response.epoch, revision: copy.revision)
        // > [D-03] A revision never goes backwards within an epoch.
        if record.acknowledged.map({ $0.base <= base }) ?? true {
            record.acknowledged = LocalRecord.Acknowledged(
                base: base,
                fields: fields,
                isDeleted: copy.isDeleted,
                clock: copy.clock
            )
            try transaction.settle(copy.id, at: copy.revision)
            try transaction.set(conflicts: copy.conflicts, of: copy.id)
        }
        try desk.relay(&record, type)
        try transaction.save(record)
        return true
    }

    /// Lays what is pending over a held record once more.
    private func lay(_ id: RecordID) throws {
        guard var record = try transaction.record(id), let type = schema.type(record.type) else {
            return
        }
        try desk.relay(&record, type)
        try transaction.save(record)
    }

    // > [D-04] A record is erased when its last placement has gone and no unsent change needs it.
    private func leave(_ id: RecordID, _ area: AreaCode) throws {
        guard var record = try transaction.record(id) else { return }
        record.areas.remove(area)
        try transaction.displace(id, from: area)
        if record.areas.isEmpty, record.pending == 0, record.returned == 0 {
            try transaction.erase(id)
        } else {
            try transaction.save(record)
        }
    }

    private func leaveAreas(outside grant: Grant) throws -> Set<RecordID> {
        var touched: Set<RecordID> = []
        for area in try transaction.placedAreas() where !grant.areas.cover(area) {
            for record in try transaction.records(standingIn: area) {
                try leave(record.id, area)
                touched.insert(record.id)
            }
            try transaction.forgetBookmark(of: area)
        }
        return touched
    }
}
