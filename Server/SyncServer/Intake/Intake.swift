internal import SyncProtocol
internal import SyncTrust

/// Takes a device's batch: each change once, in order, with an outcome.
///
/// Runs within one transaction, so that effects, outcomes and high-water mark are one.
struct Intake {
    let rules: any RecordRules
    let schema: Schema
    let limits: Limits
    let identity: ServerIdentity
    var epoch: Epoch
    /// The server's clock, in milliseconds since 1970.
    let now: Int64

    /// The outcomes of a request's changes, repeated ones from what was stored; `read` are the changes.
    ///
    /// What was sealed once may come to a server that has more by then.
    ///
    /// Throws `sequence_gap` and `device_forked`, nothing having been done.
    func accept(
        _ request: SyncRequest,
        _ read: [ReadChange],
        from device: inout StoredDevice,
        in transaction: some StoreTransaction,
        isSealed: Bool = false
    ) throws -> [Outcome] {
        try note(request.hole, of: &device, before: request, isSealed: isSealed)
        guard !request.payloads.isEmpty else { return [] }
        // > [Q-05] A batch that begins above the high-water mark plus one is refused as
        // > `sequence_gap`, with the number that the server expects.
        guard request.firstSequence > .none, request.firstSequence <= device.highWater.next else {
            throw SyncError.sequenceGap(expected: device.highWater.next)
        }
        try adopt(read, from: request.firstSequence, into: &device, in: transaction)
        let known = Int(device.highWater.rawValue + 1 - request.firstSequence.rawValue)
        let new = Array(read.dropFirst(known))
        let stored = try stored(
            read.prefix(known).map(\.hash),
            from: request.firstSequence,
            of: device,
            in: transaction
        )
        let head = new.reduce(device.chain) { Chain.head(after: $0, hash: $1.hash) }
        let reachesEnd = known <= request.payloads.count
        guard request.chain.isEmpty || !reachesEnd || request.chain == head else {
            throw SyncError.forked
        }
        let outcomes = try apply(new, of: request, from: &device, in: transaction)
        device.highWater = SequenceNumber(rawValue: device.highWater.rawValue + UInt64(new.count))
        device.chain = head
        return stored.map(\.outcome) + outcomes
    }

    // > [Q-03] A change that the server already has is answered from what was stored.
    private func stored(
        _ hashes: [[UInt8]],
        from first: SequenceNumber,
        of device: StoredDevice,
        in transaction: some StoreTransaction
    ) throws -> [StoredChange] {
        guard !hashes.isEmpty else { return [] }
        let last = SequenceNumber(rawValue: first.rawValue + UInt64(hashes.count) - 1)
        let stored = try transaction.changes(countedFor: device, in: first...last)
        let isSame = stored.map(\.hash) == hashes
        guard isSame else { throw SyncError.forked }
        return stored
    }

    // > [X-05] What a device has forgotten, since a backup had it, and an older backup lacks, it declares
    // > as a hole: numbers and the chain's head behind them, with a receipt as proof. Of what was sealed
    // > once, the server may have a part by then: that is none of it.
    private func note(
        _ hole: Hole?,
        of device: inout StoredDevice,
        before request: SyncRequest,
        isSealed: Bool
    ) throws {
        guard let hole, hole.last > device.highWater else { return }
        let next = device.highWater.next
        guard let receipt = request.receipt, isOurs(receipt, for: device), receipt.epoch < epoch,
            receipt.sequence >= hole.last, isSealed ? hole.first <= next : hole.first == next,
            hole.chain.count == 32,
            request.firstSequence == .none || request.firstSequence == hole.last.next
        else { throw SyncError.sequenceGap(expected: device.highWater.next) }
        let missing = Hole(first: next, last: hole.last, chain: hole.chain)
        device.holes.append(missing)
        device.highWater = hole.last
        device.chain = hole.chain
    }

    // > [X-06] A receipt of this server for more than it has, in its own epoch or a later one, shows a
    // > restore that nobody declared.

    /// Takes from a receipt of this server what it shows of states that were lost.
    mutating func learn(
        from receipt: SyncReceipt,
        of device: StoredDevice,
        in transaction: some StoreTransaction
    ) throws {
        let isOfThisEpoch = receipt.epoch == epoch
        if !isOfThisEpoch { try transaction.noteEpoch(elsewhere: receipt.epoch, at: now) }
        // A former key may have been answered for more than its successor began with: what counts is how much of
        // the chain that the receipt is about is here.
        let has =
            receipt.device == device.id
            ? device.highWater : try transaction.device(receipt.device)?.highWater ?? .none
        guard receipt.epoch > epoch || (isOfThisEpoch && receipt.sequence > has) else { return }
        epoch = try transaction.beginEpoch(
            above: receipt.epoch,
            at: now,
            .undeclared,
            commonUntil: isOfThisEpoch ? receipt.time : nil
        )
    }

    /// Whether this server signed a receipt for a device.
    func isOurs(_ receipt: SyncReceipt, for device: StoredDevice) -> Bool {
        device.counts(receipt)
            && identity.key.publicKey.verifies(receipt.signature, of: receipt.signedBytes)
    }

    private func apply(
        _ changes: [ReadChange],
        of request: SyncRequest,
        from device: inout StoredDevice,
        in transaction: some StoreTransaction
    ) throws -> [Outcome] {
        guard !changes.isEmpty else { return [] }
        let heritage = Heritage(
            of: device,
            at: identity.key.publicKey.deviceID,
            in: transaction
        )
        let records = WorkingSet(transaction, schema: schema, heritage: heritage)
        try records.load(changes.compactMap { $0.change?.record })
        let desk = desk(for: Actor(device), records, transaction)
        var sequence = device.highWater
        var grant = device.lastGrant
        var outcomes: [Outcome] = []
        for var read in changes {
            sequence = sequence.next
            // > [X-03] With such a change travels where it stood.
            if let place = request.former[sequence], place.place.revision > .none,
                place.place.epoch < epoch
            {
                read.change?.former = place
                read.examined?.change.former = place
            }
            let change = read.change
            let arrival = Arrival(
                device: device.id,
                sequence: sequence,
                payload: read.payload,
                hash: read.hash,
                change: change,
                examined: read.examined,
                hasOldGrant: change.map { $0.grant != 0 && $0.grant < grant } ?? false
            )
            // A number that was never given says nothing.
            grant = max(grant, min(change?.grant ?? 0, device.grant.number))
            outcomes.append(try desk.take(arrival))
        }
        device.lastGrant = grant
        try desk.finish()
        return outcomes
    }

    func desk(
        for actor: Actor,
        _ records: WorkingSet,
        _ transaction: any StoreTransaction,
        _ hand: ServerHand? = nil
    ) -> IntakeDesk {
        IntakeDesk(
            judge: Judge(
                actor: actor,
                records: records,
                transaction: transaction,
                rules: rules,
                schema: schema,
                limits: limits,
                epoch: epoch,
                server: identity.key.publicKey.deviceID
            ),
            hand: hand ?? ServerHand(identity: identity, transaction: transaction, now: now),
            now: now
        )
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
