public import SyncProtocol

extension SyncService {
    /// Has the server's own device make a change for somebody, at once.
    ///
    /// What cannot be accepted is thrown and leaves nothing behind: whoever asks is there to hear it.
    func act(
        for principal: Principal,
        mending mended: UInt64? = nil,
        _ make: @escaping @Sendable (any StoreTransaction) throws -> Change
    ) async throws -> ActResult {
        let now = clock()
        return try await store.write { transaction in
            try principal.mustBeInUse(in: transaction)
            let intake = try intake(at: now, in: transaction)
            var change = try make(transaction)
            if let mended {
                // What is mended waits for itself no longer.
                try transaction.settle(
                    mended,
                    by: Settlement(.mended, by: principal.name, at: intake.now)
                )
            }
            change.principal = Change.Principal(device: principal.device, name: principal.name)
            let records = WorkingSet(transaction, schema: intake.schema)
            let hand = ServerHand(identity: identity, transaction: transaction, now: intake.now)
            let server = try hand.device
            let creation = try mended.flatMap {
                try MendedCreation(of: $0, in: transaction)
            }
            let lent = Self.actor(for: principal, by: server)
            let actor = creation.map { lent.speaking(for: $0.author) } ?? lent
            let desk = intake.desk(for: actor, records, transaction, hand)
            let arrival = try hand.arrival(of: change)
            let verdict = try desk.judge.verdict(on: change)
            guard case .accept(var effects) = verdict else {
                guard case .quarantine(let refusal) = verdict else {
                    throw SyncError.recordNotFound
                }
                throw SyncError(refusal)
            }
            if let creation {
                let made = effects[0].merged.record
                let byServer = creation.corrected(made, by: change, server.id, at: intake.now)
                effects[0].merged.record = byServer
            }
            let outcome = try desk.accept(effects, arrival)
            try desk.finish()
            return ActResult(
                record: change.record,
                revision: outcome.revision,
                outcome: outcome.kind
            )
        }
    }

    /// The server's own device with the powers of whoever asks.
    private static func actor(for principal: Principal, by server: StoredDevice) -> Actor {
        Actor(
            server: server,
            for: principal.name,
            as: principal.role,
            in: principal.areas,
            within: principal.scope
        )
    }

    /// An empty change of a record that somebody may see, on the revision that they name.
    static func change(
        of id: RecordID,
        at revision: Revision,
        for principal: Principal,
        now: Int64,
        in transaction: some StoreReader
    ) throws -> Change {
        guard let found = try transaction.records([id])[id], principal.seen(found) != nil else {
            throw SyncError.recordNotFound
        }
        return Change(
            record: id,
            type: found.state.type,
            base: Base(epoch: try transaction.epoch(), revision: revision),
            observedAt: max(now, found.state.stamps.clock + 1)
        )
    }

    private func act(
        on id: RecordID,
        at revision: Revision,
        for principal: Principal,
        _ fill: @escaping @Sendable (inout Change) -> Void
    ) async throws -> ActResult {
        let now = clock()
        return try await act(for: principal) { transaction in
            var change = try Self.change(
                of: id,
                at: revision,
                for: principal,
                now: now,
                in: transaction
            )
            fill(&change)
            return change
        }
    }

    /// Deletes a record; where somebody wrote to it since the revision named, a conflict opens.
    public func delete(
        _ id: RecordID,
        at revision: Revision,
        _ reason: Change.Deletion,
        for principal: Principal
    ) async throws -> ActResult {
        try await act(on: id, at: revision, for: principal) { $0.deletion = reason }
    }

    /// Takes a deletion back.
    public func undelete(
        _ id: RecordID,
        at revision: Revision,
        for principal: Principal
    ) async throws -> ActResult {
        try await act(on: id, at: revision, for: principal) { $0.undelete = true }
    }

    /// Says that a record is another one.
    public func reidentify(
        _ id: RecordID,
        at revision: Revision,
        as target: RecordID,
        for principal: Principal
    ) async throws -> ActResult {
        try await act(on: id, at: revision, for: principal) { $0.redirect = target }
    }

    /// Takes a redirect back.
    public func split(
        _ id: RecordID,
        at revision: Revision,
        for principal: Principal
    ) async throws -> ActResult {
        try await act(on: id, at: revision, for: principal) { $0.split = true }
    }
}

// > [V-05] A creation that is mended at the server stays its author's own; where it makes the record, what was corrected
// > is the word of whoever mended it.

/// A creation that was returned and is mended at the server, where nobody has made its record meanwhile.
private struct MendedCreation {
    let author: Author
    private let type: RecordType
    /// What its author had said, canonical.
    private let said: FieldMap

    /// `nil` where a returned change makes no record, and where somebody has made it.
    init?(of returned: UInt64, in transaction: some StoreReader) throws {
        guard let stored = try transaction.returned(returned)?.change,
            let change = try? Change(payload: stored.payload, epoch: stored.epoch),
            let type = Schema.current.type(change.type),
            try transaction.records([change.record]).isEmpty,
            let device = try transaction.device(stored.device)
        else { return nil }
        author = device.author
        self.type = type
        said = (try? change.canonical(as: type).fields) ?? change.fields
    }

    /// The record that was made, what was corrected in the name of whoever corrected it.
    ///
    /// Under its right number it may have been there: then it has more to say than this creation.
    func corrected(
        _ made: RecordState,
        by change: Change,
        _ server: DeviceID,
        at now: Int64
    ) -> RecordState {
        guard made.revision == Revision(rawValue: 1),
            let mended = try? change.canonical(as: type).fields
        else { return made }
        return made.corrected(
            by: server,
            at: change.timeOfCorrection(at: now),
            from: said,
            to: mended,
            as: type
        )
    }
}

extension Change {
    /// When somebody at the server corrected it, who had seen what it says [T-01].
    func timeOfCorrection(at now: Int64) -> Int64 { max(now, observedAt + 1) }
}
