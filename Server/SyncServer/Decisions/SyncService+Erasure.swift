public import SyncProtocol
internal import SyncTrust

/// What an erasure redacted.
public struct ErasureReport: Hashable, Sendable {
    /// The records that were redacted, the one that was named first.
    public var records: [RecordID] = []
}

extension SyncService {
    // > [E-01] An erasure redacts what the server holds of a record and of what follows it: values,
    // > payloads, conflicts and what was before. Ids, numbers, hashes, the fact and its reason stay.

    /// Redacts a record by law, with all that refers to it and the records that point to it.
    ///
    /// Cannot be taken back. Throws `record_not_found`, `role_forbidden`, `reason_missing` and
    /// `erased_already`.
    public func erase(
        _ id: RecordID,
        reason: String,
        for principal: Principal
    ) async throws -> ErasureReport {
        try principal.check(.erase)
        guard !reason.allSatisfy(\.isWhitespace) else {
            throw SyncError(
                "reason_missing",
                "请写明依据 Say on which request or ruling it is erased",
                hint: "--reason TEXT；说明会留存。 The reason stays; name nobody in it.",
                subject: "reason"
            )
        }
        let now = clock()
        let report = try await store.write { transaction in
            try principal.mustBeInUse(in: transaction)
            return try Erasing(
                intake: intake(at: now, in: transaction),
                transaction: transaction,
                reason: reason,
                principal: principal
            )
            .run(id)
        }
        do {
            try await store.scrub()
        } catch {
            throw SyncError(
                "scrub_unfinished",
                "已抹除，但日志文件尚未清空 Erased, but the database's log is not emptied yet",
                hint: "有读者占用；稍后再次运行同一命令。 Somebody is reading; run the same again later."
            )
        }
        guard !report.records.isEmpty else {
            throw SyncError(
                "erased_already",
                "该记录已经抹除 The record was erased already",
                hint: "未作任何改动。 Nothing was changed.",
                subject: "id"
            )
        }
        return report
    }
}

/// One erasure, within one transaction.
private struct Erasing {
    let intake: Intake
    let transaction: any StoreTransaction
    let reason: String
    let principal: Principal

    func run(_ id: RecordID) throws -> ErasureReport {
        let records = WorkingSet(transaction, schema: intake.schema)
        guard let first = try records.record(id), principal.seen(first) != nil else {
            throw SyncError.recordNotFound
        }
        let group = try self.group(of: first, records)
        let desk = intake.desk(for: try actor(records), records, transaction)
        for record in group { try erase(record, desk) }
        try redactReturned(about: Set(group.map(\.state.id)))
        try desk.finish()
        return ErasureReport(records: group.map(\.state.id))
    }

    private func actor(_ records: WorkingSet) throws -> Actor {
        let hand = ServerHand(
            identity: intake.identity,
            transaction: transaction,
            now: intake.now
        )
        return Actor(server: try hand.device, for: principal.name, as: principal.role, in: nil)
    }

    /// The record, those that point to it or to which it points, and all that refer to any of them.
    private func group(of first: StoredRecord, _ records: WorkingSet) throws -> [StoredRecord] {
        var found: [RecordID: StoredRecord] = [:]
        var order: [StoredRecord] = []
        var waiting = [first]
        while let record = waiting.popLast() {
            guard found.updateValue(record, forKey: record.state.id) == nil else { continue }
            order.append(record)
            waiting += try records.sources(of: record.state.id)
            waiting += try record.state.redirect.flatMap(records.record).map { [$0] } ?? []
            waiting += try records.referrers(of: record.state.id).map(\.record)
        }
        return order.filter { !$0.state.isErased }
    }

    private func redactHistory(of id: RecordID) throws {
        try transaction.redactHistory(of: id) { payload in
            (try? Change(payload: payload, epoch: .none))?.redacted.payload ?? []
        }
    }

    /// Throws away what was returned of these records; and of records that were never made and would have
    /// referred to them, which it redacts.
    private func redactReturned(about erased: Set<RecordID>) throws {
        var last: UInt64 = 0
        while true {
            let page = try transaction.returned(after: last, unsettledOnly: false, limit: 500)
            for returned in page {
                let isOfErased = returned.change.record.map(erased.contains) ?? false
                guard try isOfErased || refers(returned.change, to: erased) else { continue }
                if !isOfErased, let id = returned.change.record { try redactHistory(of: id) }
                guard returned.settlement == nil else { continue }
                try transaction.settle(
                    returned.id,
                    by: Settlement(.discarded, by: principal.name, reason: reason, at: intake.now)
                )
            }
            guard let end = page.last else { return }
            last = end.id
        }
    }

    private func refers(_ stored: StoredChange, to erased: Set<RecordID>) throws -> Bool {
        guard let id = stored.record, !erased.contains(id),
            let change = try? Change(payload: stored.payload, epoch: .none),
            let type = intake.schema.type(change.type)
        else { return false }
        let targets = type.placing.filter { $0.format == .reference }
            .compactMap { change.fields.reference($0.number) }
        return try !erased.isDisjoint(with: targets) && transaction.records([id]).isEmpty
    }

    private func erase(_ record: StoredRecord, _ desk: IntakeDesk) throws {
        let id = record.state.id
        try redactHistory(of: id)
        for conflict in try transaction.conflicts(about: id) {
            try transaction.save(conflict.redacted(at: intake.now))
        }
        let hand = desk.hand
        let author = try hand.author
        var change = Change(
            record: id,
            type: record.state.type,
            base: Base(epoch: intake.epoch, revision: record.state.revision),
            observedAt: max(intake.now, record.state.stamps.clock + 1)
        )
        change.erasure = reason
        change.principal = Change.Principal(device: principal.device, name: principal.name)
        let erased = record.state.erased(
            by: author.device,
            at: change.observedAt,
            epoch: intake.epoch
        )
        // Nothing of what was before may be kept, so there is nothing to undo.
        let outcome = Outcome(sequence: .none, kind: .applied, revision: erased.revision)
        try desk.keepErased(erased, change, outcome, of: record)
    }
}

extension ConflictEntry {
    /// The fact that there was a conflict.
    fileprivate func redacted(at now: Int64) -> ConflictEntry {
        var entry = self
        entry.conflict.standing = conflict.standing.redacted
        entry.conflict.proposed = conflict.proposed.redacted
        if entry.isOpen {
            entry.state = .superseded
            entry.conflict.isOpen = false
        }
        entry.closing?.reason = ""
        return entry
    }
}

extension Conflict.Side {
    fileprivate var redacted: Conflict.Side {
        Conflict.Side(values: FieldMap(), device: device, time: time, uncertainty: uncertainty)
    }
}
