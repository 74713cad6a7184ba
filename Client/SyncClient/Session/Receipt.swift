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
        try resendWhatWaited()
        return touched.union(arrived)
    }

    private func answers() throws -> Set<RecordID> {
        var touched: Set<RecordID> = []
        let waiting = try transaction.unanswered(limit: response.outcomes.count)
        let records = Dictionary(uniqueKeysWithValues: waiting.map { ($0.sequence, $0.record) })
        for outcome in response.outcomes {
            guard let id = records[outcome.sequence] else { continue }
            try transaction.answer(outcome)
            if outcome.kind != .quarantined { try settleReturned(before: outcome, of: id) }
            if let held = try transaction.record(id) {
                // > [D-02] An answered change stays laid over its record until the record arrives
                // > at the revision of its outcome.
                let known = held.acknowledged.map(\.base)
                let isCurrent = known?.epoch == response.epoch
                try transaction.settle(id, at: isCurrent ? known?.revision ?? .none : .none)
            }
            touched.insert(id)
        }
        return touched
    }

    /// A returned change is mended once a later one that touches the same fields was accepted.
    private func settleReturned(before outcome: Outcome, of id: RecordID) throws {
        let overlay = try transaction.overlay(of: id)
        guard overlay.contains(where: { $0.outcome?.kind == .quarantined }),
            let accepted = overlay.first(where: { $0.sequence == outcome.sequence }),
            let mend = try? Change(payload: accepted.payload, epoch: response.epoch)
        else { return }
        for entry in overlay where entry.sequence < outcome.sequence {
            guard entry.outcome?.kind == .quarantined,
                let returned = try? Change(payload: entry.payload, epoch: response.epoch),
                mend.isCreation || Set(returned.touched).isSubset(of: mend.touched)
            else { continue }
            try transaction.settleReturned(entry.sequence)
        }
    }

    // > [V-02] A change that depends on a quarantined creation waits with it, and leaves with it.
    private func resendWhatWaited() throws {
        let accepted = response.outcomes.contains { $0.kind != .quarantined }
        guard accepted else { return }
        for entry in try transaction.returned() where entry.outcome?.code == "waits_for_creation" {
            guard let record = try transaction.record(entry.record), let visible = record.visible,
                let type = schema.type(record.type), record.pending == 0,
                try isComplete(visible, type)
            else { continue }
            // What cannot be sent again yet stays among what was returned.
            _ = try? desk.put(visible, at: record.id, type: type)
        }
    }

    /// Whether the server has accepted everything that a record refers to.
    private func isComplete(_ fields: FieldMap, _ type: RecordType) throws -> Bool {
        try type.placing.filter { $0.format == .reference }.allSatisfy { field in
            guard let target = fields.reference(field.number) else { return true }
            guard try transaction.record(target) != nil else { return false }
            return try transaction.overlay(of: target)
                .allSatisfy { $0.outcome.map { $0.kind != .quarantined } ?? false }
        }
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
        let hasLeft = record.acknowledged != nil && record.areas.isEmpty
        if hasLeft, record.pending == 0, record.returned == 0 {
            try transaction.erase(id)
        } else {
            try transaction.save(record)
        }
    }

    // > [D-04] A record is erased when its last placement has gone and no unsent change needs it.
    private func leave(_ id: RecordID, _ area: AreaCode) throws {
        guard var record = try transaction.record(id) else { return }
        record.areas.remove(area)
        try transaction.displace(id, from: area)
        if let type = schema.type(record.type) { try desk.relay(&record, type) }
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
