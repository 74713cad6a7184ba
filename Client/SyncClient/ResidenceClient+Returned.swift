public import SyncProtocol

/// A capture that the server returned, and why.
public struct ReturnedCapture: Sendable {
    /// The change's number on this device.
    public var sequence: SequenceNumber
    /// The record concerned.
    public var record: RecordID
    /// What was captured; `nil` where its bytes were redacted.
    public var change: Change?
    /// Why it came back: a code, the field's number and a sentence in both languages.
    public var outcome: Outcome
}

extension ResidenceClient {
    /// The captures that the server returned and about which nothing was decided yet.
    public func returnedCaptures() async throws -> [ReturnedCapture] {
        try await mustHaveLease()
        return try await store.read { transaction in
            try transaction.returned().compactMap { entry in
                entry.outcome.map { outcome in
                    ReturnedCapture(
                        sequence: entry.sequence,
                        record: entry.record,
                        change: try? Change(payload: entry.payload, epoch: .none),
                        outcome: outcome
                    )
                }
            }
        }
    }

    /// What people decided about this device's returned captures, the latest first.
    public func settlements(limit: Int = 50) async throws -> [Settlement] {
        try await store.read { try $0.settlements(limit: limit) }
    }

    // > [V-05] A change may name returned changes of its device that it takes the place of.

    /// Mends what was returned of a record, and queues it again; returns the record under which it is
    /// queued.
    ///
    /// `change` is given what the person sees and returns it mended; as it is, it is sent again as it was. A
    /// capture under a wrong number goes to the record of the right one. What was asked and refused (a
    /// deletion, a resolution, a redirect) is asked again. Throws `nothing_returned`, `record_deleted`,
    /// `identity_fixed`, `conflict_unknown`, or the rule that the record would still break.
    @discardableResult
    public func mend(
        _ id: RecordID,
        _ change: @escaping @Sendable (FieldMap, RecordType) throws -> FieldMap = { fields, _ in
            fields
        }
    ) async throws -> RecordID {
        try await writing { desk in
            let (record, type) = try desk.held(id)
            guard let last = try desk.returned(of: id).last else { throw SyncError.nothingReturned }
            if last.isRequest {
                try desk.ask(last, of: record, type)
                return (id, [id])
            }
            guard let seen = record.visible else { throw SyncError.recordGone }
            let wanted = try change(seen, type).canonical(as: type)
            guard desk.leaves(record, wanted, type) else {
                try desk.put(wanted, at: id, type: type, everything: true)
                return (id, [id])
            }
            guard record.acknowledged == nil, record.pending == 0,
                let target = desk.profile.naturalID(of: wanted, as: type)
            else {
                try desk.checkIdentity(record, wanted, type)
                return (id, [])
            }
            try desk.move(record, to: target, wanted, type)
            return (target, [id, target])
        }
    }

    /// Takes back what was asked of a record and refused: a deletion, a resolution, a redirect.
    ///
    /// Nothing that was captured is among it. Throws `nothing_returned`.
    public func withdraw(_ id: RecordID) async throws {
        try await write { desk in
            let (record, type) = try desk.held(id)
            guard try desk.returned(of: id).contains(where: \.isRequest) else {
                throw SyncError.nothingReturned
            }
            try desk.act(on: record, type) { $0.withdrawal }
            return [id]
        }
    }
}

extension Desk {
    /// What was returned of a record, in order.
    fileprivate func returned(of id: RecordID) throws -> [Change] {
        try transaction.overlay(of: id).standing(epoch: profile.epoch).filter(\.isReturned)
            .map(\.change)
    }

    /// Asks again what was refused.
    func ask(_ request: Change, of record: LocalRecord, _ type: RecordType) throws {
        if let reason = request.deletion { return try delete(record, reason, type: type) }
        if let target = request.redirect { return try point(record.id, to: target) }
        if let resolution = request.resolution {
            let open = try transaction.conflicts(of: record.id).compactMap { ConflictEntry($0) }
            guard let entry = open.first(where: { $0.id == resolution.conflict }) else {
                throw SyncError.conflictUnknown(resolution.conflict)
            }
            let seen = record.visible ?? FieldMap()
            return try act(on: record, type) {
                $0.resolution(
                    of: entry,
                    resolution.choice,
                    reason: resolution.reason,
                    wanted: seen.merging(request.fields).clearing(request.clears)
                )
            }
        }
        try act(on: record, type) { request.split ? $0.redirect(to: nil) : $0.undeletion }
    }
}

extension SyncError {
    fileprivate static let nothingReturned = SyncError(
        "nothing_returned",
        "这条记录没有被退回的采集 Nothing of this record was returned",
        hint: "residence returned 列出退回的采集。 residence returned lists what was."
    )

    fileprivate static let recordGone = SyncError(
        "record_deleted",
        "该记录已删除或已并入另一记录 This record was deleted, or found to be another one",
        hint: "请审核人员处理退回的采集，或重新采集。 Ask a reviewer to settle it, or capture it again."
    )
}
