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
            let actor = try Self.actor(for: principal, mending: mended, by: hand, in: transaction)
            let desk = intake.desk(for: actor, records, transaction, hand)
            let arrival = try hand.arrival(of: change)
            let verdict = try desk.judge.verdict(on: change)
            guard case .accept(let effects) = verdict else {
                guard case .quarantine(let refusal) = verdict else {
                    throw SyncError.recordNotFound
                }
                throw SyncError(refusal)
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
    ///
    /// A returned creation stays its author's own, mended: nobody else has said anything of the record
    /// yet.
    private static func actor(
        for principal: Principal,
        mending mended: UInt64?,
        by hand: ServerHand,
        in transaction: some StoreTransaction
    ) throws -> Actor {
        let actor = Actor(
            server: try hand.device,
            for: principal.name,
            as: principal.role,
            in: principal.areas,
            within: principal.scope
        )
        guard let returned = try mended.flatMap(transaction.returned),
            let id = returned.change.record, try transaction.records([id]).isEmpty,
            let device = try transaction.device(returned.change.device)
        else { return actor }
        return actor.speaking(for: device.author)
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
