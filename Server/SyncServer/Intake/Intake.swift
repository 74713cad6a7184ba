internal import SyncProtocol
internal import SyncTrust

/// Takes a device's batch: each change once, in order, with an outcome.
///
/// Runs within one transaction, so that effects, outcomes and high-water mark are one.
struct Intake {
    let rules: any RecordRules
    let schema: Schema
    let limits: Limits
    let epoch: Epoch
    /// The server's clock, in milliseconds since 1970.
    let now: Int64

    /// The outcomes of a request's changes, repeated ones from what was stored.
    ///
    /// Throws `sequence_gap` and `device_forked`, nothing having been done.
    func accept(
        _ request: SyncRequest,
        from device: inout StoredDevice,
        in transaction: some StoreTransaction
    ) throws -> [Outcome] {
        guard !request.payloads.isEmpty else { return [] }
        // > [Q-05] A batch that begins above the high-water mark plus one is refused as
        // > `sequence_gap`, with the number that the server expects.
        guard request.firstSequence > .none, request.firstSequence <= device.highWater.next else {
            throw SyncError.sequenceGap(expected: device.highWater.next)
        }
        let known = Int(device.highWater.rawValue + 1 - request.firstSequence.rawValue)
        let repeated = Array(request.payloads.prefix(known))
        let new = Array(request.payloads.dropFirst(known))
        let stored = try stored(repeated, from: request.firstSequence, of: device, in: transaction)
        let hashes = new.map(Chain.hash(of:))
        let head = hashes.reduce(device.chain) { Chain.head(after: $0, hash: $1) }
        let reachesEnd = known <= request.payloads.count
        guard request.chain.isEmpty || !reachesEnd || request.chain == head else {
            throw SyncError.forked
        }
        let outcomes = try apply(new, hashes, from: device, epoch: request.epoch, in: transaction)
        device.highWater = SequenceNumber(rawValue: device.highWater.rawValue + UInt64(new.count))
        device.chain = head
        return stored.map(\.outcome) + outcomes
    }

    // > [Q-03] A change that the server already has is answered from what was stored.
    private func stored(
        _ payloads: [[UInt8]],
        from first: SequenceNumber,
        of device: StoredDevice,
        in transaction: some StoreTransaction
    ) throws -> [StoredChange] {
        guard !payloads.isEmpty else { return [] }
        let last = SequenceNumber(rawValue: first.rawValue + UInt64(payloads.count) - 1)
        let stored = try transaction.changes(of: device.id, in: first...last)
        let isSame = stored.map(\.hash) == payloads.map(Chain.hash(of:))
        guard isSame else { throw SyncError.forked }
        return stored
    }

    private func apply(
        _ payloads: [[UInt8]],
        _ hashes: [[UInt8]],
        from device: StoredDevice,
        epoch: Epoch,
        in transaction: some StoreTransaction
    ) throws -> [Outcome] {
        guard !payloads.isEmpty else { return [] }
        let records = WorkingSet(transaction, schema: schema)
        let changes = payloads.map { try? Change(payload: $0, epoch: epoch) }
        try records.load(changes.compactMap { $0?.record })
        let judge = Judge(
            device: device,
            records: records,
            transaction: transaction,
            rules: rules,
            schema: schema,
            limits: limits,
            epoch: self.epoch
        )
        var sequence = device.highWater
        var outcomes: [Outcome] = []
        for (index, change) in changes.enumerated() {
            sequence = sequence.next
            let verdict = try change.map(judge.verdict(on:)) ?? .quarantine(.malformed)
            let outcome = try carryOut(verdict, change, sequence, device, records, transaction)
            try transaction.append(
                StoredChange(
                    device: device.id,
                    sequence: sequence,
                    record: change?.record,
                    payload: payloads[index],
                    hash: hashes[index],
                    outcome: outcome,
                    receivedAt: now,
                    epoch: self.epoch
                )
            )
            outcomes.append(outcome)
        }
        try Placing(records: records, schema: schema).run(in: transaction)
        return outcomes
    }

    // > [Q-06] Every change of a batch gets an outcome; none keeps another from being dealt with.
    private func carryOut(
        _ verdict: Verdict,
        _ change: Change?,
        _ sequence: SequenceNumber,
        _ device: StoredDevice,
        _ records: WorkingSet,
        _ transaction: some StoreTransaction
    ) throws -> Outcome {
        switch verdict {
        case .quarantine(let refusal):
            var outcome = Outcome(sequence: sequence, kind: .quarantined)
            outcome.code = refusal.code
            outcome.field = refusal.field
            outcome.message = refusal.message
            return outcome
        case .accept(let merged):
            let open = merged.conflicts.count { $0.isOpen }
            let old = try records.record(merged.record.id)
            records.set(
                StoredRecord(
                    state: merged.record,
                    placements: old?.placements ?? [],
                    openConflicts: (old?.openConflicts ?? 0) + open
                )
            )
            try keep(merged.conflicts, of: merged.record, device, transaction)
            return Outcome(
                sequence: sequence,
                kind: Outcome.Kind(merged.kind),
                revision: merged.record.revision
            )
        }
    }

    private func keep(
        _ conflicts: [Conflict],
        of record: RecordState,
        _ device: StoredDevice,
        _ transaction: some StoreTransaction
    ) throws {
        for conflict in conflicts {
            let standing = try transaction.device(conflict.standing.device)?.name
            let context = ConflictContext(
                id: 0,
                record: record.id,
                type: record.type,
                revision: record.revision,
                metAt: now,
                authors: [conflict.standing.device: standing ?? ""]
                    .merging([device.id: device.name]) { _, mine in mine }
            )
            try transaction.append(
                conflict: conflict.encoded(in: context),
                of: record.id,
                device: device.id,
                isOpen: conflict.isOpen
            )
        }
    }
}

extension Outcome.Kind {
    fileprivate init(_ kind: Merged.Kind) {
        self =
            switch kind {
            case .applied: .applied
            case .merged: .merged
            case .conflicted: .conflicted
            case .unchanged: .unchanged
            }
    }
}

extension SyncError {
    static func sequenceGap(expected: SequenceNumber) -> SyncError {
        SyncError(
            "sequence_gap",
            "The server expects change \(expected.rawValue) next",
            hint: "Send your changes from number \(expected.rawValue) on.",
            subject: String(expected.rawValue)
        )
    }

    static let forked = SyncError(
        "device_forked",
        "These changes do not continue what this device sent before",
        hint: """
            The device was cloned or restored from an old image. Nothing was lost and nothing was \
            applied: ask the operator to re-key it.
            """
    )
}
