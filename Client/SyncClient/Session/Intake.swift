internal import SyncProtocol
internal import SyncTrust

/// Takes the server's answer into the local store, within one transaction.
///
/// > [F-04] A page is bounded in bytes and is applied, with its bookmark and the outcomes, in one
/// > local transaction.
struct Intake {
    let transaction: any LocalTransaction
    let desk: Desk
    let response: SyncResponse
    /// Whether what comes stands whatever its revision [G-03].
    var isRepair = false
    /// Whether areas are read anew since the server was restored.
    private(set) var isEntering = false
    /// The copies that were offered once every area was read.
    private(set) var offered: Set<RecordID> = []
    var schema: Schema { desk.schema }

    /// The records whose visible state may have changed.
    mutating func take(into profile: inout DeviceProfile) throws -> Set<RecordID> {
        if response.epoch != profile.epoch { return try enter(&profile) }
        // A server that has more than there is has it of another device: it will say so.
        let last = try transaction.lastChange()?.sequence ?? .none
        profile.highWater = min(response.highWater, last).rawValue
        isEntering = profile.isEntering == true
        // > [X-08] A device keeps the bytes of its answered changes until it is told that a backup has them.
        if response.backedUp > .none {
            // Nothing is forgotten that the server has not signed for: a hole needs its word.
            let signed = try transaction.receipts().map(\.sequence).max() ?? .none
            try transaction.trim(upTo: min(response.backedUp, signed))
        }
        let answered = try answers()
        var touched = answered
        if profile.serverKey != nil, let receipt = response.receipt {
            try transaction.save(receipt)
        }
        if let grant = response.grant {
            profile.grant = grant
            // What is forgotten here must not be known there.
            profile.bookmarkToken = nil
            touched.formUnion(try leaveAreas(outside: grant))
        }
        let settled = try takeSettlements(into: &profile)
        let bookmarks = try transaction.bookmarks()
        var arrived: Set<RecordID> = []
        for page in response.pages {
            if page.restarts && isBehind(page, bookmarks) { try setAsideAll(in: page.area) }
            arrived.formUnion(try take(page))
        }
        for id in answered.union(settled).subtracting(arrived) { try lay(id) }
        touched.formUnion(arrived.union(settled))
        try resendWhatWaited(for: try accepted().union(arrived).union(settled))
        if !response.hasMore {
            touched.formUnion(try dropWhatStandsElsewhere(outside: profile.grant))
        }
        let wentBack = response.pages.contains { $0.restarts && isBehind($0, bookmarks) }
        if wentBack { profile.isEntering = true }
        if profile.isEntering == true, !response.hasMore {
            offered = try offerSalvage()
            touched.formUnion(offered)
            profile.isEntering = nil
        }
        if response.pages.contains(where: { $0.restarts || $0.records.contains(where: \.isErased) })
            || response.outcomes.contains(where: \.isErasure)
        {
            profile.mustScrub = true
        }
        return touched
    }

    private func answers() throws -> Set<RecordID> {
        var touched: Set<RecordID> = []
        let waiting = try transaction.unanswered(limit: response.outcomes.count)
        let entries = Dictionary(uniqueKeysWithValues: waiting.map { ($0.sequence, $0) })
        let settled = Set(try transaction.settlements(limit: 1000).map(\.sequence))
        let returned = try transaction.returned()
        for outcome in response.outcomes {
            guard let entry = entries[outcome.sequence] else { continue }
            let id = entry.record
            try transaction.answer(outcome, in: response.epoch)
            if outcome.kind != .quarantined {
                touched.formUnion(try settleMended(returned, by: entry, outcome.kind))
            } else if settled.contains(outcome.sequence) {
                try transaction.settleReturned(outcome.sequence)
            }
            if outcome.isErasure { try forget(id, withReturned: true) }
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

    // > [V-05] A change may name returned changes of its device that it takes the place of. Once it is
    // > accepted, they are mended.
    //
    // A deletion that did not come to pass says nothing in the place of anything, but for the same wish:
    // that was heard, and somebody will decide.
    private func settleMended(
        _ before: [OutboxEntry],
        by entry: OutboxEntry,
        _ kind: Outcome.Kind
    ) throws -> Set<RecordID> {
        // Most answers come where nothing was ever returned.
        guard !before.isEmpty || response.outcomes.contains(where: { $0.kind == .quarantined }),
            let change = try? Change(payload: entry.payload, epoch: response.epoch)
        else { return [] }
        let isUndecided = change.isUndecided(kind)
        var touched: Set<RecordID> = []
        let returned = try transaction.returned()
        for mended in returned where change.mends.contains(mended.sequence) {
            if isUndecided, !isDeletion(mended) { continue }
            try transaction.settleReturned(mended.sequence)
            touched.insert(mended.record)
        }
        guard !isUndecided else { return touched }
        // What was returned before this and says something of the same fields was said too early.
        for earlier in returned
        where earlier.record == entry.record && earlier.sequence < entry.sequence {
            try overtake(earlier, by: change)
        }
        return touched
    }

    /// What the law redacted is none that anybody could read.
    private func isDeletion(_ entry: OutboxEntry) -> Bool {
        (try? Change(payload: entry.payload, epoch: response.epoch))?.deletion != nil
    }

    private func overtake(_ returned: OutboxEntry, by change: Change) throws {
        guard let earlier = try? Change(payload: returned.payload, epoch: response.epoch),
            let type = schema.type(change.type)
        else { return }
        if earlier.isOvertaken(by: change, of: type) {
            return try transaction.settleReturned(returned.sequence)
        }
        let said = Set(change.touched.flatMap { type.unit(of: $0) })
        let fields = earlier.touched.filter { said.contains($0) && type.field($0)?.isSet != true }
        guard !fields.isEmpty else { return }
        let all = Set(returned.overtaken).union(fields).sorted()
        try transaction.note(overtaken: all, of: returned.sequence)
    }

    // > [V-06] Its device hears of either at its next sync.
    private func takeSettlements(into profile: inout DeviceProfile) throws -> Set<RecordID> {
        var touched: Set<RecordID> = []
        let returned = response.settlements.isEmpty ? [] : try transaction.returned()
        for settlement in response.settlements {
            profile.settlements = max(profile.settlements ?? 0, settlement.number)
            try transaction.save(settlement)
            guard let entry = returned.first(where: { $0.sequence == settlement.sequence }) else {
                continue
            }
            try transaction.settleReturned(settlement.sequence)
            touched.insert(entry.record)
        }
        return touched
    }

    // > [E-02] A device that hears of an erasure redacts what it holds, answered changes included.
    private func forget(_ id: RecordID, withReturned: Bool) throws {
        if withReturned {
            for entry in try transaction.overlay(of: id) where entry.isReturned {
                try transaction.settleReturned(entry.sequence)
            }
        }
        try transaction.redactAnswered(of: id, withReturned: withReturned)
    }

    /// Forgets what this device had said before an erasure by law, once: a creation begins anew.
    private func forget(_ record: LocalRecord, at base: Base) throws {
        let isKnown = record.acknowledged.map { $0.isErased && $0.base == base } ?? false
        // What was returned of a record that this device does not hold may have been captured since.
        if !isKnown { try forget(record.id, withReturned: record.acknowledged != nil) }
    }

    /// The records of which a change was accepted just now.
    private func accepted() throws -> Set<RecordID> {
        let outcomes = response.outcomes.filter { $0.kind != .quarantined }
        return Set(try outcomes.compactMap { try transaction.change($0.sequence)?.record })
    }

    // > [V-02] A change that depends on a quarantined creation waits with it, and leaves with it.
    //
    // It is tried again when something was heard of what it waits for, and at no other time.
    private func resendWhatWaited(for heard: Set<RecordID>) throws {
        guard !heard.isEmpty else { return }
        let returned = try transaction.returned()
        let flawed = Set(returned.filter { !$0.isRetried }.map(\.record))
        for entry in returned where entry.isRetried {
            // What is itself wrong is for its author to mend.
            guard !flawed.contains(entry.record), let record = try transaction.record(entry.record),
                let type = schema.type(record.type), record.pending == 0,
                let change = try? Change(payload: entry.payload, epoch: response.epoch),
                !heard.isDisjoint(with: awaited(by: change, type))
            else { continue }
            // What cannot be sent again yet stays among what was returned.
            if change.isRecovered {
                guard try isReferenced(change.fields, type) else { continue }
                try desk.offer(change, of: record, insteadOf: entry.sequence)
            } else if change.isRequest {
                let target = change.redirect
                guard try target.map(isAccepted) ?? true else { continue }
                try attempt { try desk.ask(change, of: record, type) }
            } else if change.isWithdrawal {
                try desk.act(on: record, type) { $0.withdrawal }
            } else if let visible = record.visible, try isComplete(visible, record, type) {
                try attempt {
                    _ = try desk.put(visible, at: record.id, type: type, everything: true)
                }
            }
        }
    }

    /// Tries what may still be refused: then it stays among what was returned.
    ///
    /// What the database refuses is another matter: a full disk ends the transaction where it stands, and whatever
    /// were written after it would be kept by itself.
    private func attempt(_ body: () throws -> Void) throws {
        do { try body() } catch is SyncError { return }
    }

    /// The records on which a change may wait: its own, and those that it names.
    private func awaited(by change: Change, _ type: RecordType) -> [RecordID] {
        let references = type.placing.filter { $0.format == .reference }
            .compactMap { change.fields.reference($0.number) }
        return [change.record] + references + [change.redirect].compactMap(\.self)
    }

    /// Whether the server has accepted everything that a record refers to.
    ///
    /// A record that the server does not have must be whole besides.
    private func isComplete(
        _ fields: FieldMap,
        _ record: LocalRecord,
        _ type: RecordType
    ) throws -> Bool {
        guard record.acknowledged != nil || desk.rules.violations(of: fields, as: type).isEmpty
        else {
            return false
        }
        return try isReferenced(fields, type)
    }

    private func isReferenced(_ fields: FieldMap, _ type: RecordType) throws -> Bool {
        try type.placing.filter { $0.format == .reference }.allSatisfy { field in
            try fields.reference(field.number).map(isAccepted) ?? true
        }
    }

    private func isAccepted(_ id: RecordID) throws -> Bool {
        guard try transaction.record(id) != nil else { return false }
        return try transaction.overlay(of: id)
            .allSatisfy { $0.outcome.map { $0.kind != .quarantined } ?? false }
    }

    private func take(_ page: AreaPage) throws -> Set<RecordID> {
        var touched: Set<RecordID> = []
        // > [F-08] A reader whose bookmark lies below what has left starts again at 0 and drops what it is
        // > not sent by then.
        if page.restarts { try transaction.beginSweep(of: page.area) }
        let admitted = try admit(page)
        touched.formUnion(admitted)
        for copy in page.records where !admitted.contains(copy.id) {
            if try take(copy, in: page.area) { touched.insert(copy.id) }
        }
        for id in page.departures {
            try leave(id, page.area)
            touched.insert(id)
        }
        if page.floor == .start {
            for id in try transaction.endSweep(of: page.area) {
                try leave(id, page.area)
                // Why it has gone is not told any more: it may have been erased by law [E-02]. Where the
                // server was restored, most likely it was only lost: no backup may have those bytes.
                if !isEntering, try transaction.record(id) == nil {
                    try transaction.redactAnswered(of: id, withReturned: true)
                }
                touched.insert(id)
            }
        }
        try transaction.save(
            Bookmark(area: page.area, position: page.position, floor: page.floor)
        )
        return touched
    }

    func take(_ copy: RecordCopy, in area: AreaCode) throws -> Bool {
        let mark = RecordMark.of(copy)
        guard let type = schema.type(copy.type), let fields = try? FieldMap(copy.message) else {
            // A record of a newer type: this device cannot show it, but knows that it stands there.
            try transaction.place(copy.id, in: area, mark: mark, isKept: false)
            return false
        }
        let held = try transaction.record(copy.id)
        var record = held ?? LocalRecord(id: copy.id, type: copy.type)
        record.areas.insert(area)
        try setAside(record, unlessSaying: fields, copy)
        let base = Base(epoch: response.epoch, revision: copy.revision)
        if copy.isErased { try forget(record, at: base) }
        if isRepair, let known = record.acknowledged, known.base > base, known.fields != fields {
            // The server may have lost it: somebody has to look at it.
            _ = try offer(Salvage(id: copy.id, type: copy.type, copy: known), unlessGiven: false)
        }
        // > [D-03] A revision never goes backwards within an epoch.
        if isRepair || record.acknowledged.map({ $0.base <= base }) ?? true {
            if record.acknowledged?.isDeleted == true, !copy.isDeleted {
                try endTombstones(of: &record, butIn: area)
            }
            try transaction.place(copy.id, in: area, mark: mark, isKept: true)
            record.acknowledged = LocalRecord.Acknowledged(
                base: base,
                fields: fields,
                isDeleted: copy.isDeleted,
                clock: copy.clock,
                redirect: copy.redirect
            )
            record.acknowledged?.isErased = copy.isErased
            try transaction.settle(copy.id, at: copy.revision)
            try transaction.set(conflicts: copy.conflicts, of: copy.id)
        }
        try desk.refresh(record, type)
        if held == nil { try desk.showWhatPoints(to: copy.id) }
        return true
    }

    // > [D-04] Where its tombstone stood, a record that comes back stands only if that area says so: a server that
    // > has pruned the tombstone knows of no place to leave any more.
    private func endTombstones(of record: inout LocalRecord, butIn area: AreaCode) throws {
        for other in record.areas.sorted() where other != area {
            try transaction.displace(record.id, from: other)
        }
        record.areas = [area]
    }

    /// Lays what is pending over a held record once more.
    func lay(_ id: RecordID) throws {
        guard let held = try transaction.record(id), let type = schema.type(held.type) else {
            return
        }
        try desk.refresh(held, type)
        guard let record = try transaction.record(id) else { return }
        // Gone from every area; or never accepted, and what would have made it was thrown away.
        let overlay = try transaction.overlay(of: id)
        let isNothing = record.acknowledged == nil && overlay.isEmpty
        let hasLeft = record.areas.isEmpty && (record.acknowledged != nil || isNothing)
        if hasLeft, record.pending == 0, record.returned == 0 { try desk.erase(record) }
    }

    // > [D-04] A record is erased when its last placement has gone and no unsent change needs it.
    func leave(_ id: RecordID, _ area: AreaCode) throws {
        try transaction.displace(id, from: area)
        guard let record = try transaction.record(id) else { return }
        try setAside(record)
        // What it was found to be shows what it says, too: what made it that may be answered by now.
        if let type = schema.type(record.type) { try desk.refresh(record, type) }
        guard let left = try transaction.record(id), left.areas.isEmpty else { return }
        if left.pending == 0, left.returned == 0 { return try desk.erase(left) }
        // Nobody tells any more how its conflicts go on.
        try transaction.set(conflicts: [], of: id)
    }

    private func leaveAreas(outside grant: Grant) throws -> Set<RecordID> {
        var touched: Set<RecordID> = []
        // Where nothing stands any more, a bookmark may: it would count for what was read of the others.
        let areas = try Set(transaction.placedAreas() + transaction.bookmarks().map(\.area))
        for area in areas.sorted() where !grant.areas.cover(area) {
            for record in try transaction.records(standingIn: area) {
                try leave(record.id, area)
                touched.insert(record.id)
            }
            // What this device does not know leaves, too.
            for id in try transaction.marks(in: area, endingWith: "").keys {
                try transaction.displace(id, from: area)
            }
            try transaction.forgetBookmark(of: area)
        }
        return touched
    }
}

extension OutboxEntry {
    /// Whether it was returned for what may pass: what it needs is not there yet, or what it was built on is
    /// not there any more.
    fileprivate var isRetried: Bool {
        ["waits_for_creation", "base_unknown"].contains(outcome?.code)
    }
}

extension Outcome {
    // > [E-02] A later edit of an erased record is refused and not kept.
    fileprivate var isErasure: Bool { code == "record_erased" }
}
